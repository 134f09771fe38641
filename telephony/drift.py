"""Accounts made or removed at the vendor directly: noted by every reading, decided by people."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.audit.trail import record, record_many
from portal.tenancy.refusals import Refused
from portal.vendors.drifts import decide
from portal.vendors.models import Connection
from telephony import absorb, notices
from telephony.client import RemoteSipAccount
from telephony.models import Drift, MirrorState, SipAccount

Kind = Drift.Kind
TOLD = ["name", "internal_number", "external_number", "mwi_account"]


class NotOpen(Refused):
    def sentence(self) -> str:
        return _("This difference is no longer open. Nothing was changed.")


class NameLives(Refused):
    def sentence(self) -> str:
        return _(
            "Another SIP account of exactly this username is still believed to live. Decide first about that one, "
            "which the vendor should no longer list. Nothing was changed."
        )


def compare(
    connection: Connection,
    unknown: Iterable[RemoteSipAccount],
    missing: Sequence[SipAccount] | None,
    seen_at: datetime,
) -> None:
    """Note what was found, and that what was open and is found no more went away. `missing` None: nobody can tell."""
    open_ones = Drift.objects.open().filter(connection=connection).select_for_update(of=("self",))
    still_open = {_same(drift): drift for drift in open_ones}
    found = [_unknown(connection, remote, seen_at) for remote in unknown]
    found += [_missing(connection, account, seen_at) for account in missing or ()]
    new = [each for each in found if _same(each) not in still_open]
    seen_again = [still_open.pop(_same(each)) for each in found if _same(each) in still_open]
    gone = [each.pk for each in still_open.values() if missing is not None or each.kind != Kind.MISSING_ACCOUNT]
    Drift.objects.filter(pk__in=[each.pk for each in seen_again]).update(last_seen_at=seen_at)
    Drift.objects.filter(pk__in=gone).update(state=Drift.State.GONE, decided_at=seen_at)
    noted = Drift.objects.bulk_create(new, batch_size=1_000)
    notices.differences_found(connection, noted)
    if gone:
        notices.differences_settled(connection.tenant_id, connection.pk)
    record_many(
        "telephony.difference_found",
        [(each, {"kind": each.kind, "username": each.key}) for each in noted],
        acting_user=None,
    )


def _same(drift: Drift) -> tuple[str, str, str]:
    """By the vendor's ID; an account whose ID was never told is known by its username."""
    return drift.kind, drift.vendor_id, "" if drift.vendor_id else drift.key


def _unknown(connection: Connection, remote: RemoteSipAccount, seen_at: datetime) -> Drift:
    told = {name: getattr(remote, name) for name in TOLD}
    return _drift(connection, Kind.UNKNOWN_ACCOUNT, remote.username, remote.id, told, seen_at)


def _missing(connection: Connection, account: SipAccount, seen_at: datetime) -> Drift:
    return _drift(connection, Kind.MISSING_ACCOUNT, account.username, account.vendor_id, None, seen_at)


def _drift(connection: Connection, kind: str, key: str, vendor_id: str, told: Any, seen_at: datetime) -> Drift:
    return Drift(
        tenant_id=connection.tenant_id,
        connection=connection,
        kind=kind,
        key=key[:200],
        vendor_id=vendor_id,
        told=told,
        first_seen_at=seen_at,
        last_seen_at=seen_at,
    )


@transaction.atomic
def adopt(drift: Drift, *, reason: str, acting_user: Any) -> None:
    """Believe the vendor from now on: an account more, or one less. Raises NotOpen, NameLives."""
    locked = _lock(drift)
    if locked.kind == Kind.UNKNOWN_ACCOUNT:
        _adopt_account(locked)
    else:
        _adopt_absence(locked)
    _decide(locked, Drift.State.ADOPTED, reason, acting_user)


@transaction.atomic
def mark_repaired(drift: Drift, *, reason: str, acting_user: Any) -> None:
    """A person has put it right at the vendor; if not, the next reading notes it again. Raises NotOpen."""
    _decide(_lock(drift), Drift.State.REPAIRED, reason, acting_user)


def _adopt_account(drift: Drift) -> None:
    """Its password and all else come with the next reading, which is asked for."""
    told: Any = drift.told or {}
    living = SipAccount.objects.living().filter(connection=drift.connection_id)
    if not living.filter(vendor_id=drift.vendor_id).exists():
        if living.filter(username=drift.key).exists():
            raise NameLives
        SipAccount.objects.create(
            tenant_id=drift.tenant_id,
            connection_id=drift.connection_id,
            username=drift.key[:64],
            vendor_id=drift.vendor_id,
            state=SipAccount.State.ACTIVE,
            **{name: told.get(name, "") for name in TOLD},
        )


def _adopt_absence(drift: Drift) -> None:
    rows = SipAccount.objects.living().filter(connection=drift.connection_id, vendor_id=drift.vendor_id)
    if not drift.vendor_id:
        rows = rows.filter(username=drift.key)
    for account in rows.select_for_update(of=("self",)):
        absorb.account_deleted(account)


def _lock(drift: Drift) -> Drift:
    locked = Drift.objects.select_for_update(of=("self",)).get(pk=drift.pk)
    if locked.state != Drift.State.OPEN:
        raise NotOpen
    return locked


def _decide(drift: Drift, state: Drift.State, reason: str, acting_user: Any) -> None:
    decide(drift, state, reason=reason, acting_user=acting_user)
    notices.differences_settled(drift.tenant_id, drift.connection_id)
    told = {"kind": drift.kind, "username": drift.key}
    record(f"telephony.difference_{state.value}", drift, after=told, reason=reason, acting_user=acting_user)
    MirrorState.objects.filter(connection=drift.connection_id).update(due_at=timezone.now())
