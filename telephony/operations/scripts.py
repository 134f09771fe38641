"""The one external script of a domain: setting, replacing and deleting it, and what became of it when an answer was lost."""

from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
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
    Found,
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
from portal.tenancy.scope import tenant_scope
from portal.vendors.addresses import check_customer_url
from portal.vendors.errors import if_there
from portal.vendors.models import Connection
from telephony import absorb, notices
from telephony.client import ApidazeClient, RemoteScript
from telephony.models import SCRIPT_LANE, ExternalScript, MirrorState, ScriptChange
from telephony.operations.rules import LONGEST_NAME
from telephony.scripts.addresses import Address, is_ours

SET_SCRIPT = Kind("telephony.set_script", gettext_lazy("Set the external script"))
REPLACE_SCRIPT = Kind("telephony.replace_script", gettext_lazy("Replace the external script"), resend=Resend.ALWAYS)
DELETE_SCRIPT = Kind("telephony.delete_script", gettext_lazy("Delete the external script"), resend=Resend.ALWAYS)


@transaction.atomic
def set_external_script(
    connection: Connection, address: Address, name: str = "", *, form_key: UUID | None = None, acting_user: Any
) -> Operation:
    """Promise that calls get the script at `address` from now on; it replaces the only one, where one is known.

    Raises NotPromised, AlreadySubmitted.
    """
    once(connection.tenant_id, form_key)
    _check_address(address)
    name = _checked_name(name or str(address)[:LONGEST_NAME])
    known = _known_and_quiet(connection)
    payload = {"script": str(address), "name": name} | ({"script_id": known.vendor_id} if known else {})
    kind = REPLACE_SCRIPT if known else SET_SCRIPT
    return _promise(kind, connection, address, payload, form_key, acting_user)


@transaction.atomic
def delete_external_script(connection: Connection, *, form_key: UUID | None = None, acting_user: Any) -> Operation:
    """Promise that the domain has no script any more: calls are not handled. Raises NotPromised, AlreadySubmitted."""
    once(connection.tenant_id, form_key)
    known = _known_and_quiet(connection)
    if known is None:
        raise NotPromised(_("The domain has no external script. Nothing was asked of the vendor."))
    payload = {"script": known.name or known.vendor_id, "script_id": known.vendor_id}
    return _promise(DELETE_SCRIPT, connection, Address(), payload, form_key, acting_user)


@transaction.atomic
def reveal_address(script: ExternalScript, *, acting_user: Any) -> str:
    """The whole address of a script elsewhere, once asked for; that it was asked for is in the audit trail. Raises NotPromised.

    One of this portal is shown where its call script is, to whom it belongs.
    """
    if not is_elsewhere(script):
        raise NotPromised(_("There is no address elsewhere to show."))
    record("telephony.external_address_shown", script, acting_user=acting_user)
    return script.url.reveal()


def is_elsewhere(script: ExternalScript) -> bool:
    """Is it somewhere else than on this portal, whether a call script is there or not?"""
    return bool(script.url) and script.hosted_id is None and not is_ours(script.url.reveal())


def _check_address(address: Address) -> None:
    if address.hosted is not None:
        if address.hosted.deleted_at or address.hosted.published_id is None:
            raise NotPromised(_("This call script is not published, so calls would get nothing. Publish it first."))
        return
    try:
        check_customer_url(address.url)
    except ValidationError as flaw:
        raise NotPromised(" ".join(flaw.messages)) from None
    if not address.url.isprintable():
        raise NotPromised(_("The address has characters that cannot be seen. Remove them."))


def _checked_name(name: str) -> str:
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise NotPromised(_("The name is printable text of at most %(most)s characters."), most=LONGEST_NAME)
    return name


def _known_and_quiet(connection: Connection) -> ExternalScript | None:
    """The script as it is believed; nobody else promises anything about it until the transaction ends."""
    MirrorState.objects.select_for_update(of=("self",)).get(connection=connection)
    if Operation.objects.filter(connection=connection, lane=SCRIPT_LANE, ended_at=None).exists():
        raise NotPromised(_("A change of the external script is under way already. Wait until it has ended."))
    return ExternalScript.objects.filter(connection=connection).first()


def _promise(
    kind: Kind,
    connection: Connection,
    address: Address,
    payload: dict[str, Any],
    form_key: UUID | None,
    acting_user: Any,
) -> Operation:
    change = ScriptChange.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        hosted=address.hosted,
        url=address.url,
        requested_by=acting_user,
    )
    return submit(
        kind,
        connection=connection,
        lane=SCRIPT_LANE,
        label=payload["script"],
        payload=payload,
        subject=change,
        form_key=form_key,
        acting_user=acting_user,
    )


def _url(work: Work) -> str:
    """The address as it is now, in full."""
    with tenant_scope(work.operation.tenant_id):
        change = ScriptChange.objects.select_related("hosted").get(pk=work.operation.subject_pk)
        return Address(change.hosted, change.url.reveal()).full


# --- Setting the first one --------------------------------------------------------------------------------------------


@carries_out(SET_SCRIPT)
def _create(work: Work) -> RemoteScript:
    return ApidazeClient(work.http).create_script(_url(work), name=work.operation.payload["name"])


@settles(SET_SCRIPT)
def _settle_create(work: Work) -> Verdict:
    """Found: the one script of the list has the address. Another one may have taken its place, so that proves nothing."""
    url, scripts = _url(work), ApidazeClient(work.http).scripts()
    found = next((script for script in scripts if script.url == url), None)
    if found is not None:
        return Found(found, _("The vendor lists a script of this address."), {"script_id": found.id})
    if not scripts:
        return Absent(_("The vendor lists no script."))
    return CannotTell(_("The vendor lists a script of another address."), {"script_id": scripts[0].id})


# --- Replacing --------------------------------------------------------------------------------------------------------


@carries_out(REPLACE_SCRIPT)
def _replace(work: Work) -> RemoteScript:
    payload = work.operation.payload
    return ApidazeClient(work.http).update_script(payload["script_id"], _url(work), name=payload["name"])


@settles(REPLACE_SCRIPT)
def _settle_replace(work: Work) -> Verdict:
    """Found: read back, it says what was sent. If not it is sent again: to say it twice is to say it once."""
    payload, url = work.operation.payload, _url(work)
    script = if_there(lambda: ApidazeClient(work.http).script(payload["script_id"]))
    if script is None:
        return CannotTell(_("The vendor knows this script no more."))
    if (script.url, script.name) == (url, payload["name"]):
        return Found(script, _("Read back, the script says what was sent."))
    return Absent(_("Read back, the script does not say what was sent."))


@absorbs(SET_SCRIPT)
@absorbs(REPLACE_SCRIPT)
def _set(operation: Operation, answer: RemoteScript | PersonSays) -> None:
    notices.script_settled(operation.tenant_id, operation.connection_id)
    if not isinstance(answer, RemoteScript):
        absorb.ask_for_reading(operation.connection_id)
        return
    known = ExternalScript.objects.select_for_update(of=("self",)).filter(connection=operation.connection_id).first()
    blank = ExternalScript(tenant_id=operation.tenant_id, connection_id=operation.connection_id)
    absorb.script_told(known or blank, answer)


# --- Deleting ---------------------------------------------------------------------------------------------------------


@carries_out(DELETE_SCRIPT)
def _delete(work: Work) -> object:
    return ApidazeClient(work.http).delete_script(work.operation.payload["script_id"])


@settles(DELETE_SCRIPT)
def _settle_delete(work: Work) -> Verdict:
    """Found: the vendor knows it no more. If it does, it is sent again: to delete what is gone is a success."""
    script_id = work.operation.payload["script_id"]
    if if_there(lambda: ApidazeClient(work.http).script(script_id)) is None:
        return Found(None, _("The vendor knows this script no more."))
    return Absent(_("The vendor still has this script."))


@absorbs(DELETE_SCRIPT)
def _deleted(operation: Operation, answer: object) -> None:
    notices.script_settled(operation.tenant_id, operation.connection_id)
    gone = ExternalScript.objects.filter(connection=operation.connection_id, vendor_id=operation.payload["script_id"])
    gone.delete()


@reverts(SET_SCRIPT)
@reverts(REPLACE_SCRIPT)
@reverts(DELETE_SCRIPT)
def _not_done(operation: Operation) -> None:
    """The mirror had not believed it yet; what the vendor has instead is read soon."""
    absorb.ask_for_reading(operation.connection_id)
