"""The addresses of the search take nothing; see tests/sweep."""


def samples(tenant, owner) -> dict[str, dict]:
    return {"search:found": {}, "search:suggestions": {}}
