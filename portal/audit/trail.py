"""Writing the audit trail."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.utils import timezone

from portal.audit.context import request_context
from portal.audit.models import Entry

SYSTEM = "Patchbay"


def record(
    action: str,
    obj: models.Model | None,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
    on_behalf_of: Any = None,
    acting_user: Any,
) -> Entry:
    """Write one act, in the caller's transaction, so that change and entry stand or fall together.

    `action` is app.verb in the past tense ("tenancy.role_changed"). `before` and `after` hold the fields that changed, never
    a secret. `acting_user` None is the portal itself. The tenant is the object's; an object without one is a matter of staff.
    Without `on_behalf_of` a person's act is on behalf of whom support visits as, if it does (`act_on_behalf_of`).
    """
    return _written([_entry(action, obj, before, after, reason, on_behalf_of=on_behalf_of, acting_user=acting_user)])[0]


def record_many(
    action: str,
    acts: Iterable[tuple[models.Model, Mapping[str, Any] | None]],
    *,
    reason: str = "",
    acting_user: Any,
) -> None:
    """As `record`, the same act on many objects at once: (object, after) of each, by few statements."""
    _written([_entry(action, obj, None, after, reason, acting_user=acting_user) for obj, after in acts])


def _written(entries: list[Entry]) -> list[Entry]:
    return Entry.objects.bulk_create(entries, batch_size=1_000)


def _entry(
    action: str,
    obj: models.Model | None,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    reason: str,
    *,
    on_behalf_of: Any = None,
    acting_user: Any,
) -> Entry:
    context = request_context()
    if acting_user is not None:
        on_behalf_of = on_behalf_of or context.on_behalf_of
    return Entry(
        tenant_id=_tenant_of(obj),
        at=timezone.now(),
        actor=acting_user,
        actor_label=acting_user.email if acting_user else SYSTEM,
        on_behalf_of=on_behalf_of,
        on_behalf_of_label=on_behalf_of.email if on_behalf_of else "",
        ip_address=context.ip_address,
        request_id=context.request_id,
        action=action,
        object_type=obj._meta.label_lower if obj else "",
        object_id=str(obj.pk) if obj else "",
        object_label=str(obj)[:254] if obj else "",
        before=dict(before) if before is not None else None,
        after=dict(after) if after is not None else None,
        reason=reason,
    )


def _tenant_of(obj: models.Model | None) -> int | None:
    if obj is None:
        return None
    if obj._meta.label == "tenancy.Tenant":
        return obj.pk
    return getattr(obj, "tenant_id", None)
