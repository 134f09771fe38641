"""One row of each kind that the addresses of `portal.audit` name; see tests/sweep."""

from django.utils import timezone

from portal.audit.models import Entry
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
    clicked = _clicked(tenant, owner)
    return {"audit:entries": {}, "audit:entry": {"pk": entry.pk}, "audit:request": {"request_id": clicked.request_id}}


def _clicked(tenant, owner) -> Entry:
    """An act as a request makes it, on something whose story every member may read."""
    entry = Entry(
        tenant=tenant,
        at=timezone.now(),
        actor=owner,
        actor_label=owner.email,
        ip_address="203.0.113.7",
        request_id=f"request-of-{tenant.slug}",
        action="vendors.connection_tested",
        object_type="vendors.connection",
        object_id="1",
        object_label="Video",
    )
    entry.save()
    return entry
