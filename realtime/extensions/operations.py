"""Setting an extension's caller ID, and what became of it."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from portal.audit.trail import record
from portal.operations.models import Operation
from portal.operations.promises import once, submit
from portal.operations.refusals import NotPromised
from portal.operations.registry import (
    Absent,
    CannotTell,
    Kind,
    PersonSays,
    Resend,
    Verdict,
    absorbs,
    carries_out,
    reverts,
    settles,
)
from portal.operations.work import Work
from realtime.client import KwebblClient
from realtime.extensions.following import scope_for
from realtime.extensions.models import CallerId, Extension
from realtime.grants.lines import http_of
from realtime.grants.models import Grant
from realtime.vendor_ids import canonical_id

SET_CALLER_ID = Kind("realtime.set_caller_id", gettext_lazy("Set a caller ID"), resend=Resend.ALWAYS)


@transaction.atomic
def set_caller_id(caller_id: CallerId, *, form_key: UUID | None = None, acting_user: Any) -> Operation:
    """Promise that its extension shows this number from now on. Raises NotPromised, AlreadySubmitted."""
    once(caller_id.tenant_id, form_key)
    rows = Extension.objects.select_for_update(of=("self",)).select_related("connection__tenant")
    extension = rows.get(pk=caller_id.extension_id)
    if extension.gone_at is not None:
        raise NotPromised(_("The telephone system has this extension no more."))
    return submit(
        SET_CALLER_ID,
        connection=extension.connection,
        lane=f"caller-id:{extension.pk}",
        label=f"{extension}: {caller_id.number}",
        payload={
            "grant": _grant_for(extension, acting_user).pk,
            "extension_id": extension.vendor_id,
            "caller_id": caller_id.vendor_id,
            "number": caller_id.number,
        },
        subject=extension,
        form_key=form_key,
        acting_user=acting_user,
    )


@transaction.atomic
def link_member(extension: Extension, member: Any | None, *, acting_user: Any) -> None:
    """Say whose telephone it is in this portal; None: nobody's."""
    before = extension.member.email if extension.member else ""
    extension.member = member
    extension.save(update_fields=["member"])
    told = {"member": member.email if member else ""}
    record("realtime.extension_linked", extension, before={"member": before}, after=told, acting_user=acting_user)


def _grant_for(extension: Extension, user: Any) -> Grant:
    """The person's own grant where it is their telephone and the grant is enough; else the company's."""
    scope = scope_for(extension)
    active = Grant.objects.filter(
        connection=extension.connection_id, state=Grant.State.ACTIVE, scopes__contains=[scope]
    )
    own = active.filter(user=user).first() if user and extension.member_id == user.pk else None
    found = own or active.filter(user=None).first()
    if found is None:
        raise NotPromised(
            _("The permission %(scope)s is missing. An admin connects again and allows it; nothing was sent."),
            scope=scope,
        )
    return found


@carries_out(SET_CALLER_ID)
def _set(work: Work) -> str:
    payload = work.operation.payload
    return KwebblClient(http_of(work)).set_caller_id(payload["extension_id"], payload["caller_id"])


@absorbs(SET_CALLER_ID)
def _is_set(operation: Operation, answer: str | PersonSays) -> None:
    extension = Extension.objects.select_for_update(of=("self",)).get(pk=operation.subject_pk)
    before = extension.caller_id
    extension.caller_id = canonical_id(answer if isinstance(answer, str) else operation.payload["caller_id"])
    extension.save(update_fields=["caller_id"])
    record(
        "realtime.caller_id_set",
        extension,
        before={"caller_id": before},
        after={"caller_id": extension.caller_id, "number": operation.payload["number"]},
        on_behalf_of=operation.created_by,
        acting_user=None,
    )


@settles(SET_CALLER_ID)
def _settle(work: Work) -> Verdict:
    """Nothing that the vendor can be asked tells which one is set. To set it twice is to set it once, so it is sent again,
    as long as it is among those to choose from.
    """
    payload = work.operation.payload
    reading = KwebblClient(http_of(work)).caller_ids(payload["extension_id"])
    if any(canonical_id(remote.id) == payload["caller_id"] for remote in reading) or not reading.complete:
        return Absent(_("The vendor does not tell which caller ID is set; setting it again does no harm."))
    return CannotTell(_("The vendor does not offer this caller ID any more."))


@reverts(SET_CALLER_ID)
def _not_set(operation: Operation) -> None:
    """The directory had not believed it yet."""
