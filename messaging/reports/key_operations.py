"""The signing keys of a connection at the vendor: made, put to use, taken out of use, deleted.

The secret and the ID of a key are made here, so that a creation whose answer was lost is settled by the vendor's list
(signing-key API, "Rotating keys without downtime"). All of a connection's are in one lane: one at a time.
"""

import secrets
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as _

from messaging.client import KeyStatus, RemoteKey, SigningKeyClient
from messaging.models import SigningKey, SmsAccount
from portal.audit.trail import record
from portal.operations.models import Operation
from portal.operations.promises import once, submit
from portal.operations.refusals import NotPromised
from portal.operations.registry import (
    Absent,
    CannotTell,
    Found,
    Kind,
    Resend,
    Verdict,
    absorbs,
    carries_out,
    identifies,
    reverts,
    settles,
)
from portal.operations.work import Work
from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection

LANE = "sms-keys"
STAGE = Kind("messaging.stage_key", gettext_lazy("Make a signing key"))
ACTIVATE = Kind("messaging.activate_key", gettext_lazy("Put a signing key to use"))
RETIRE = Kind("messaging.retire_key", gettext_lazy("Take a signing key out of use"))
DELETE = Kind("messaging.delete_key", gettext_lazy("Delete a signing key"), resend=Resend.ALWAYS)
State = SigningKey.State


# --- What a person can ask for ------------------------------------------------------------------------------------------


@transaction.atomic
def stage_key(connection: Connection, *, form_key: UUID | None = None, acting_user: Any) -> Operation:
    """Promise a new key at the account's level, not in use yet. Raises NotPromised, AlreadySubmitted."""
    once(connection.tenant_id, form_key)
    account = _quiet(connection)
    if SigningKey.objects.filter(connection=connection, level=account.key_level, state=State.STAGED).exists():
        raise NotPromised(_("There is a new key already that is not in use. Put that one to use, or wait."))
    key = SigningKey.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        level=account.key_level,
        key_id=f"pb_{secrets.token_hex(12)}",
        secret=secrets.token_urlsafe(48),
        asked=STAGE.name,
    )
    return _promise(STAGE, key, form_key, acting_user)


@transaction.atomic
def activate_key(key: SigningKey, *, form_key: UUID | None = None, acting_user: Any) -> Operation:
    """Promise that reports are signed with a staged key from now on. Raises NotPromised, AlreadySubmitted."""
    once(key.tenant_id, form_key)
    _quiet(key.connection)
    key = _in_state(key, State.STAGED, _("Only a staged key can be put to use."))
    if not key.secret:
        raise NotPromised(_("The secret of this key is not known here: its reports could not be checked."))
    return _promise(ACTIVATE, key, form_key, acting_user)


@transaction.atomic
def retire_key(key: SigningKey, *, form_key: UUID | None = None, acting_user: Any) -> Operation:
    """Promise that a key is believed no more. Raises NotPromised, AlreadySubmitted.

    Not before a report has come that is signed with its follower: until then those on their way carry the old one.
    """
    once(key.tenant_id, form_key)
    _quiet(key.connection)
    key = _in_state(key, State.RETIRING, _("Only a key that was replaced can be taken out of use."))
    follower = SigningKey.objects.filter(connection=key.connection, level=key.level, state=State.ACTIVE)
    if not follower.filter(used_at__isnull=False).exists():
        raise NotPromised(
            _("No report has come yet that is signed with the new key. Send a message, and wait for its report.")
        )
    return _promise(RETIRE, key, form_key, acting_user)


@transaction.atomic
def delete_key(key: SigningKey, *, form_key: UUID | None = None, acting_user: Any) -> Operation:
    """Promise that the vendor forgets a retired key. Raises NotPromised, AlreadySubmitted."""
    once(key.tenant_id, form_key)
    _quiet(key.connection)
    key = _in_state(key, State.RETIRED, _("Only a key that is out of use can be deleted."))
    return _promise(DELETE, key, form_key, acting_user)


def reveal_key(key: SigningKey, *, acting_user: Any) -> str:
    """The secret in clear, once asked for; that it was asked for is in the audit trail. Raises NotPromised."""
    if key.state == State.RETIRED or not key.secret:
        raise NotPromised(_("There is no secret to show for this key."))
    record("messaging.key_shown", key, acting_user=acting_user)
    return key.secret.reveal()


def _quiet(connection: Connection) -> SmsAccount:
    """Nobody else promises anything about the keys until the transaction ends, and nothing is under way."""
    account = SmsAccount.objects.select_for_update(of=("self",)).get(connection=connection)
    if Operation.objects.filter(connection=connection, lane=LANE, ended_at=None).exists():
        raise NotPromised(_("A change of the signing keys is under way already. Wait until it has ended."))
    return account


def _in_state(key: SigningKey, state: str, otherwise: str) -> SigningKey:
    key = SigningKey.objects.select_for_update(of=("self",)).select_related("connection__tenant").get(pk=key.pk)
    if key.state != state:
        raise NotPromised(otherwise)
    return key


def _promise(kind: Kind, key: SigningKey, form_key: UUID | None, acting_user: Any) -> Operation:
    SigningKey.objects.filter(pk=key.pk).update(asked=kind.name)
    return submit(
        kind,
        connection=key.connection,
        lane=LANE,
        label=key.key_id,
        payload={"key_id": key.key_id, "level": key.level},
        subject=key,
        form_key=form_key,
        acting_user=acting_user,
    )


# --- How it is carried out ----------------------------------------------------------------------------------------------


def _client(work: Work) -> SigningKeyClient:
    with tenant_scope(work.operation.tenant_id):
        account = SmsAccount.objects.get(connection_id=work.operation.connection_id)
    http = work.call_at(account.keys_url or settings.KPN_KEYS_BASE_URL)
    return SigningKeyClient(http, work.operation.payload["level"])


def _key_id(operation: Operation) -> str:
    return str(operation.payload["key_id"])


@carries_out(STAGE)
def _stage(work: Work) -> RemoteKey:
    client = _client(work)
    with tenant_scope(work.operation.tenant_id):
        secret = _rows(work.operation).get().secret.reveal()
    return client.create(secret, _key_id(work.operation), staged=True)


@carries_out(ACTIVATE)
def _activate(work: Work) -> RemoteKey:
    return _client(work).activate(_key_id(work.operation))


@carries_out(RETIRE)
def _retire(work: Work) -> RemoteKey:
    return _client(work).retire(_key_id(work.operation))


@carries_out(DELETE)
def _delete(work: Work) -> object:
    return _client(work).delete(_key_id(work.operation))


# --- What became of it --------------------------------------------------------------------------------------------------


def _listed(work: Work) -> RemoteKey | None:
    wanted = _key_id(work.operation)
    return next((key for key in _client(work).list() if key.key_id == wanted), None)


@settles(STAGE)
def _settle_stage(work: Work) -> Verdict:
    """Its ID was made here and is nobody else's."""
    key = _listed(work)
    return Found(key, _("The vendor lists the key.")) if key else Absent(_("The vendor does not list the key."))


@settles(ACTIVATE)
@settles(RETIRE)
def _settle_move(work: Work) -> Verdict:
    """Keys only move forwards, so one that is where it was has not been moved."""
    before = KeyStatus.STAGED if work.operation.kind == ACTIVATE.name else KeyStatus.RETIRING
    key = _listed(work)
    if key is None or key.status is KeyStatus.UNTOLD:
        return CannotTell(_("The vendor does not tell where this key stands."))
    if key.status is before:
        return Absent(_("The vendor lists the key as it was before."), {"status": key.status})
    return Found(key, _("The vendor lists the key where it should be."), {"status": key.status})


@settles(DELETE)
def _settle_delete(work: Work) -> Verdict:
    key = _listed(work)
    return Absent(_("The vendor still lists the key.")) if key else Found(None, _("The vendor does not list the key."))


@absorbs(STAGE)
def _staged(operation: Operation, answer: object) -> None:
    created = answer.created_at if isinstance(answer, RemoteKey) else None
    _rows(operation).update(asked="", state=State.STAGED, vendor_created_at=created)


@absorbs(ACTIVATE)
def _activated(operation: Operation, answer: object) -> None:
    """The one before it is on its way out: reports signed with it are still to come."""
    before = SigningKey.objects.filter(connection_id=operation.connection_id, level=operation.payload["level"])
    before.filter(state=State.ACTIVE).exclude(pk=operation.subject_id or 0).update(state=State.RETIRING)
    _rows(operation).update(asked="", state=State.ACTIVE)


@absorbs(RETIRE)
def _retired(operation: Operation, answer: object) -> None:
    _rows(operation).update(asked="", state=State.RETIRED)


@absorbs(DELETE)
def _deleted(operation: Operation, answer: object) -> None:
    _rows(operation).delete()


@reverts(STAGE)
def _not_staged(operation: Operation) -> None:
    _rows(operation).delete()


@reverts(ACTIVATE)
@reverts(RETIRE)
@reverts(DELETE)
def _not_moved(operation: Operation) -> None:
    """The vendor has it otherwise than was believed: its list is read soon."""
    _rows(operation).update(asked="")
    soon = SmsAccount.objects.filter(connection_id=operation.connection_id)
    soon.update(keys_due_at=operation.created_at)


@identifies(STAGE)
@identifies(ACTIVATE)
@identifies(RETIRE)
@identifies(DELETE)
def _names(operation: Operation) -> list[tuple[str, str]]:
    return [("Key ID", _key_id(operation))]


def _rows(operation: Operation) -> Any:
    return SigningKey.objects.filter(pk=operation.subject_id or 0)
