"""What the addresses of `portal.support` under a tenant take; see tests/sweep."""


def samples(tenant, owner) -> dict[str, dict]:
    return {"visits:visits": {}}
