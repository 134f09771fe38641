"""How the portal follows the vendor's signing keys: the list of each level, and the active secrets that are not known here.

The vendor signs with the active key of the most specific level, and makes one of the organization by itself for the first
delivery that finds none. So all levels are read; those beside the account's own may be closed to it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from messaging.client import KeyLevel, KeyStatus, RemoteKey, RevealedKey, SigningKeyClient
from messaging.connecting import keys_line
from messaging.models import SigningKey, SmsAccount
from messaging.reports.key_operations import LANE
from portal.audit.trail import record
from portal.operations.models import HOLDING, Operation
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.errors import VendorError, VendorRefused
from portal.vendors.models import Connection

EVERY, AFTER_FAILURE, READING_LEASE, SOON = (
    timedelta(hours=1),
    timedelta(minutes=5),
    timedelta(minutes=2),
    timedelta(seconds=5),
)
STATES = {
    KeyStatus.STAGED: SigningKey.State.STAGED,
    KeyStatus.ACTIVE: SigningKey.State.ACTIVE,
    KeyStatus.RETIRING: SigningKey.State.RETIRING,
    KeyStatus.RETIRED: SigningKey.State.RETIRED,
}


@dataclass(frozen=True)
class Reading:
    """One read of a connection's keys by level; levels that are closed are missing. `began` is ours."""

    began: datetime
    levels: Mapping[str, Sequence[RemoteKey]]
    revealed: Sequence[RevealedKey]


def due_connections() -> list[tuple[int, int]]:
    """(tenant, connection) of those whose keys are to be read; all tenants."""
    with staff_scope():
        due = SmsAccount.objects.filter(keys_due_at__lte=Now(), connection__enabled=True, tenant__state="active")
        return list(due.order_by("keys_due_at").values_list("tenant_id", "connection_id")[:200])


def read_keys(tenant_id: int, connection_id: int) -> None:
    """Read one connection's keys and let ours follow; nothing where another worker just does."""
    connection = _claim(tenant_id, connection_id)
    if connection is None:
        return
    with tenant_scope(tenant_id):
        line = keys_line(connection)
        account = SmsAccount.objects.get(connection=connection)
        known = {key.key_id for key in SigningKey.objects.filter(connection=connection) if key.secret}
    try:
        reading = _read(lambda level: SigningKeyClient(line.http, level), account.key_level, known)
    except VendorError as error:
        with tenant_scope(tenant_id):
            _failed(connection, error)
            line.close(error)
        return
    with tenant_scope(tenant_id):
        _follow(connection, reading)
        line.close()


def ask_for_reading(connection_id: int) -> None:
    """Have the keys read as soon as a worker is free. In the caller's scope."""
    SmsAccount.objects.filter(connection_id=connection_id).update(keys_asked_at=Now(), keys_due_at=Now())


def _claim(tenant_id: int, connection_id: int) -> Connection | None:
    with tenant_scope(tenant_id):
        due = SmsAccount.objects.filter(connection_id=connection_id, keys_due_at__lte=Now())
        if not due.update(keys_due_at=Now() + READING_LEASE):
            return None
        return Connection.objects.select_related("tenant").get(pk=connection_id)


def _read(client_of: Callable[[str], SigningKeyClient], own_level: str, known: set[str]) -> Reading:
    began = timezone.now()
    levels: dict[str, Sequence[RemoteKey]] = {}
    revealed = []
    for level in KeyLevel:
        client = client_of(level)
        try:
            levels[level] = client.list()
        except VendorRefused:
            if level == own_level:
                raise
            continue
        if any(key.status is KeyStatus.ACTIVE and key.key_id not in known for key in levels[level]):
            revealed.append(client.reveal())
    return Reading(began, levels, revealed)


def _failed(connection: Connection, error: VendorError) -> None:
    told = (error.vendor_message or str(error))[:300]
    SmsAccount.objects.filter(connection=connection).update(keys_error=told, keys_due_at=Now() + AFTER_FAILURE)


# --- What follows -------------------------------------------------------------------------------------------------------


def _follow(connection: Connection, reading: Reading) -> None:
    accounts = SmsAccount.objects.filter(connection=connection)
    accounts.select_for_update(of=("self",)).get()
    if _under_way(connection, reading.began):
        # What was read may be older than what an operation has told already.
        accounts.update(keys_due_at=Now() + SOON)
        return
    mine = {key.key_id: key for key in SigningKey.objects.select_for_update(of=("self",)).filter(connection=connection)}
    for level, remotes in reading.levels.items():
        for remote in remotes:
            _believe(connection, mine.get(remote.key_id), level, remote)
        listed = {remote.key_id for remote in remotes}
        _forget([key for key in mine.values() if key.level == level and key.key_id not in listed and not key.asked])
    for told in reading.revealed:
        _keep_secret(connection, told)
    accounts.update(keys_read_at=reading.began, keys_error="", keys_due_at=Now() + EVERY)


def _forget(gone: Iterable[SigningKey]) -> None:
    """What the vendor does not know any more signs nothing, and must not be believed."""
    for key in gone:
        record("messaging.key_gone_at_vendor", key, acting_user=None)
        key.delete()


def _under_way(connection: Connection, since: datetime) -> bool:
    asked = Operation.objects.filter(connection=connection, lane=LANE)
    return asked.filter(Q(status__in=HOLDING) | Q(ended_at__gte=since)).exists()


def _believe(connection: Connection, key: SigningKey | None, level: str, remote: RemoteKey) -> None:
    """A key as the vendor lists it. A state that is not described leaves ours as it was."""
    if key is None:
        key = SigningKey(tenant_id=connection.tenant_id, connection=connection, key_id=remote.key_id)
        key.state = SigningKey.State.RETIRED
    key.level, key.state = level, STATES.get(remote.status, key.state)
    key.vendor_created_at, key.seen_at = remote.created_at, timezone.now()
    key.save()


def _keep_secret(connection: Connection, told: RevealedKey) -> None:
    """Of the key that is active; what is known already is not written anew."""
    key = SigningKey.objects.filter(connection=connection, key_id=told.key.key_id).first()
    if key is None or (key.secret and key.secret.reveal() == told.secret):
        return
    key.secret = told.secret
    key.save(update_fields=["secret"])
    record("messaging.key_fetched", key, acting_user=None)
