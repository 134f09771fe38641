"""Creating, changing and deleting SIP accounts, and what became of those whose answer was lost."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from portal.audit.trail import record
from portal.operations.models import Operation, Status
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
from portal.vendors.errors import if_there
from portal.vendors.models import Connection
from telephony import absorb
from telephony.client import ApidazeClient, RemoteSipAccount
from telephony.models import Drift, SipAccount, lane_of
from telephony.operations.rules import Wanted, check_active, check_username

CREATE_SIP_ACCOUNT = Kind("telephony.create_sip_account", gettext_lazy("Create a SIP account"))
UPDATE_SIP_ACCOUNT = Kind("telephony.update_sip_account", gettext_lazy("Change a SIP account"), resend=Resend.ALWAYS)
DELETE_SIP_ACCOUNT = Kind("telephony.delete_sip_account", gettext_lazy("Delete a SIP account"), resend=Resend.ALWAYS)
# The vendor's clock may be behind ours by so much.
CLOCK_TOLERANCE = timedelta(minutes=2)


@transaction.atomic
def create_sip_account(
    connection: Connection, username: str, wanted: Wanted, *, form_key: UUID | None = None, acting_user: Any
) -> SipAccount:
    """Promise a SIP account; the vendor makes its password. Raises NotPromised, AlreadySubmitted."""
    once(connection.tenant_id, form_key)
    check_username(connection.pk, username)
    wanted = wanted.checked()
    account = SipAccount.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        username=username,
        requested_by=acting_user,
        **asdict(wanted),
    )
    payload = {"username": username, **_told(asdict(wanted))}
    _promise(CREATE_SIP_ACCOUNT, account, connection, payload, form_key, acting_user)
    return account


@transaction.atomic
def update_sip_account(
    account: SipAccount, wanted: Wanted, *, form_key: UUID | None = None, acting_user: Any
) -> Operation | None:
    """Promise other names and numbers; None where nothing differs. Raises NotPromised, AlreadySubmitted."""
    once(account.tenant_id, form_key)
    locked = _locked(account)
    check_active(locked)
    changes = wanted.checked().differing_from(locked)
    if not changes:
        return None
    payload = {"sip_id": locked.vendor_id, "changes": changes}
    return _promise(UPDATE_SIP_ACCOUNT, locked, locked.connection, payload, form_key, acting_user)


@transaction.atomic
def delete_sip_account(account: SipAccount, *, form_key: UUID | None = None, acting_user: Any) -> Operation:
    """Promise the end of an account; telephones that use it are signed out. Raises NotPromised, AlreadySubmitted."""
    once(account.tenant_id, form_key)
    locked = _locked(account)
    check_active(locked)
    locked.state = SipAccount.State.DELETING
    locked.save(update_fields=["state"])
    payload = {"sip_id": locked.vendor_id, "username": locked.username}
    return _promise(DELETE_SIP_ACCOUNT, locked, locked.connection, payload, form_key, acting_user)


@transaction.atomic
def reveal_password(account: SipAccount, *, acting_user: Any) -> str:
    """The password in clear, once asked for; that it was asked for is in the audit trail. Raises NotPromised."""
    if account.state != SipAccount.State.ACTIVE or not account.password:
        raise NotPromised(_("There is no password to show for this SIP account."))
    record("telephony.password_revealed", account, acting_user=acting_user)
    return account.password.reveal()


def _told(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def _locked(account: SipAccount) -> SipAccount:
    rows = SipAccount.objects.select_for_update(of=("self",)).select_related("connection__tenant")
    return rows.get(pk=account.pk)


def _promise(
    kind: Kind,
    account: SipAccount,
    connection: Connection,
    payload: dict[str, Any],
    form_key: UUID | None,
    acting_user: Any,
) -> Operation:
    return submit(
        kind,
        connection=connection,
        lane=lane_of(account.username),
        label=account.username,
        payload=payload,
        subject=account,
        form_key=form_key,
        acting_user=acting_user,
    )


# --- Creating ---------------------------------------------------------------------------------------------------------


@carries_out(CREATE_SIP_ACCOUNT)
def _create(work: Work) -> RemoteSipAccount:
    payload = dict(work.operation.payload)
    return ApidazeClient(work.http).create_sip_account(payload.pop("username"), **payload)


@absorbs(CREATE_SIP_ACCOUNT)
def _created(operation: Operation, answer: RemoteSipAccount | PersonSays) -> None:
    account = _subject(operation)
    if isinstance(answer, RemoteSipAccount):
        absorb.account_told(account, answer)
    else:
        absorb.account_made(account)


@settles(CREATE_SIP_ACCOUNT)
def _settle_create(work: Work) -> Verdict:
    """Found: the list has the username, made since our sending and never seen before. A list with holes proves no absence."""
    username, sent_at = work.operation.payload["username"], work.sending_facts()["sent_at"]
    with ApidazeClient(work.http).sip_accounts() as reading:
        alike = [account for account in reading if account.username.lower() == username.lower()]
    if len(alike) > 1:
        return CannotTell(_("The vendor lists this username more than once."))
    if not alike:
        if reading.complete:
            return Absent(_("The vendor lists no account of this username."))
        return CannotTell(_("The vendor's list could not be read to its end, and what was read has no such account."))
    found = alike[0]
    evidence = {"sip_id": found.id, "created_at": found.created_at.isoformat() if found.created_at else None}
    if found.created_at is not None and found.created_at < sent_at - CLOCK_TOLERANCE:
        return CannotTell(_("The vendor lists this username, but it was made before ours was sent."), evidence)
    if _known_before(work.operation, found.id):
        return CannotTell(_("The vendor lists this username, but the account was seen there before."), evidence)
    return Found(found, _("The vendor lists the username, and the account is new."), evidence)


def _known_before(operation: Operation, sip_id: str) -> bool:
    with tenant_scope(operation.tenant_id):
        others = SipAccount.objects.filter(connection_id=operation.connection_id, vendor_id=sip_id)
        if others.exclude(pk=operation.subject_pk).exists():
            return True
        seen = Drift.objects.filter(connection_id=operation.connection_id, vendor_id=sip_id)
        return seen.filter(first_seen_at__lt=operation.created_at).exists()


@reverts(CREATE_SIP_ACCOUNT)
def _not_created(operation: Operation) -> None:
    SipAccount.objects.filter(pk=operation.subject_pk).update(state=SipAccount.State.FAILED)
    if operation.status != Status.WAITING:
        absorb.ask_for_reading(operation.connection_id)


# --- Changing ---------------------------------------------------------------------------------------------------------


@carries_out(UPDATE_SIP_ACCOUNT)
def _update(work: Work) -> RemoteSipAccount:
    payload = work.operation.payload
    return ApidazeClient(work.http).update_sip_account(payload["sip_id"], **payload["changes"])


@absorbs(UPDATE_SIP_ACCOUNT)
def _updated(operation: Operation, answer: RemoteSipAccount | PersonSays) -> None:
    if isinstance(answer, RemoteSipAccount):
        account = _subject(operation)
        before = {name: getattr(account, name) for name in operation.payload["changes"]}
        absorb.account_told(account, answer)
        after = {name: getattr(account, name) for name in before}
        record(
            "telephony.account_changed",
            account,
            before=before,
            after=after,
            on_behalf_of=operation.created_by,
            acting_user=None,
        )
    else:
        absorb.ask_for_reading(operation.connection_id)


@settles(UPDATE_SIP_ACCOUNT)
def _settle_update(work: Work) -> Verdict:
    """Found: read back, it says what was sent. If not it is sent again: to say it twice is to say it once."""
    payload = work.operation.payload
    account = if_there(lambda: ApidazeClient(work.http).sip_account(payload["sip_id"]))
    if account is None:
        return CannotTell(_("The vendor knows this account no more."))
    if all(getattr(account, name) == value for name, value in payload["changes"].items()):
        return Found(account, _("Read back, the account says what was sent."))
    return Absent(_("Read back, the account does not say what was sent."))


@reverts(UPDATE_SIP_ACCOUNT)
def _not_updated(operation: Operation) -> None:
    """The mirror had not believed it yet."""


# --- Deleting ---------------------------------------------------------------------------------------------------------


@carries_out(DELETE_SIP_ACCOUNT)
def _delete(work: Work) -> object:
    return ApidazeClient(work.http).delete_sip_account(work.operation.payload["sip_id"])


@absorbs(DELETE_SIP_ACCOUNT)
def _deleted(operation: Operation, answer: object) -> None:
    absorb.account_deleted(_subject(operation))


@settles(DELETE_SIP_ACCOUNT)
def _settle_delete(work: Work) -> Verdict:
    """Found: the vendor knows it no more. If it does, it is sent again: to delete what is gone is a success."""
    sip_id = work.operation.payload["sip_id"]
    if if_there(lambda: ApidazeClient(work.http).sip_account(sip_id)) is None:
        return Found(None, _("The vendor knows this account no more."))
    return Absent(_("The vendor still has this account."))


@reverts(DELETE_SIP_ACCOUNT)
def _not_deleted(operation: Operation) -> None:
    SipAccount.objects.filter(pk=operation.subject_pk, state=SipAccount.State.DELETING).update(
        state=SipAccount.State.ACTIVE
    )


def _subject(operation: Operation) -> SipAccount:
    return SipAccount.objects.select_for_update(of=("self",)).get(pk=operation.subject_pk)
