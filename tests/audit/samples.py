"""One row of each kind that the addresses of `portal.audit` name; see tests/sweep."""

from portal.audit.trail import record


def samples(tenant, owner) -> dict[str, dict]:
    entry = record(
        "tenancy.settings_changed",
        tenant,
        before={"language": "en"},
        after={"language": "nl"},
        reason="The office is in Utrecht.",
        acting_user=owner,
    )
    return {"audit:entries": {}, "audit:entry": {"pk": entry.pk}}
