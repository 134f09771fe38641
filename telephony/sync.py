"""How the mirror follows the vendor: read everything, compare by sets, write what changed, tell what differs.

Level-triggered: it may run at any time, twice, or die half-way. Accounts of which something is under way are left alone and
read again soon; a list with holes proves no absence.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import connection as database
from django.db.models import Q
from django.utils import timezone

from portal.audit.trail import record, record_many
from portal.operations.models import HOLDING, Operation
from portal.tenancy.scope import tenant_scope
from portal.tenancy.sealing import seal
from portal.vendors import mirrors
from portal.vendors.errors import VendorError, VendorProtocolError
from portal.vendors.line import Line
from portal.vendors.models import Connection
from portal.vendors.remote_rows import load_remote_rows
from telephony import absorb, drift, notices
from telephony.client import ApidazeClient, RemoteScript, RemoteSipAccount, SipAccountReading
from telephony.models import SCRIPT_LANE, ExternalScript, MirrorState, SipAccount

# ruff: noqa: S608 - the statements below are made of constants alone
SOON = timedelta(seconds=5)
BATCH = 1_000


@dataclass(frozen=True)
class Reading:
    """One complete read of a connection. `started_at` is ours, from before the first question."""

    started_at: datetime
    accounts: SipAccountReading
    scripts: Sequence[RemoteScript]


def due_connections() -> list[tuple[int, int]]:
    """(tenant, connection) of mirrors whose time has come and that nobody is reading; all tenants."""
    return mirrors.due(MirrorState)


def read_connection(tenant_id: int, connection_id: int) -> None:
    """Read one connection and let the mirror follow; does nothing while another worker reads it."""
    connection = mirrors.claim(MirrorState, tenant_id, connection_id)
    if connection is None:
        return
    line = Line(connection)
    try:
        with _read(ApidazeClient(line.http)) as reading, tenant_scope(tenant_id):
            _follow(connection, reading)
            line.close()
    except VendorError as error:
        # Also that of a list which turns out to be none while it is followed: then nothing was.
        mirrors.failed(MirrorState, connection, line, error)


@contextmanager
def _read(client: ApidazeClient) -> Iterator[Reading]:
    started_at = timezone.now()
    with client.sip_accounts() as accounts:
        yield Reading(started_at, accounts, client.scripts())


# --- What follows -----------------------------------------------------------------------------------------------------


def _follow(connection: Connection, reading: Reading) -> None:
    mirror = MirrorState.objects.select_for_update(of=("self",)).get(connection=connection)
    first, unknown = mirror.read_at is None, []
    _load(connection, reading.accounts)
    _refuse_twins()
    for some in _batches(_different(connection, reading)):
        _follow_changes(connection, [(pk, remote) for pk, remote in some if pk])
        strangers = [remote for pk, remote in some if not pk]
        if first:
            _take_over(connection, strangers)
        else:
            unknown += strangers
    missing = _missing(connection, reading.started_at) if reading.accounts.complete else None
    drift.compare(connection, unknown, missing, reading.started_at)
    _follow_script(connection, reading, first=first)
    _finished(connection, reading)


def _load(connection: Connection, accounts: SipAccountReading) -> None:
    load_remote_rows(
        "remote_sip",
        {"place": "integer", "vendor_id": "text", "username": "text", "fingerprint": "text"},
        (
            (place, remote.id, remote.username, absorb.fingerprint_of(connection.tenant_id, remote))
            for place, remote in accounts.numbered()
        ),
    )


def _refuse_twins() -> None:
    for (_told,) in _rows(TWINS):
        raise VendorProtocolError("The vendor tells a SIP account twice")


TWINS = (
    "(select vendor_id from remote_sip group by 1 having count(*) > 1 limit 1)"
    " union all (select username from remote_sip group by 1 having count(*) > 1 limit 1)"
)
# Of one account: nothing was under way while the vendor was read, so what it shows is comparable.
QUIET = (
    " and not exists (select from operations_operation o where o.connection_id = s.connection_id"
    " and o.lane = 'sip:' || lower(s.username) and (o.status = any(%(holding)s) or o.ended_at >= %(since)s))"
)
LIVES = "s.connection_id = %(connection)s and s.state in ('requested', 'active', 'deleting')"
# An account without an id is the one listed by its very name, else the only one whose name differs by case.
ITS_NAME = (
    "lower(r.username) = lower(s.username) and (r.username = s.username or lower(r.username) not in"
    " (select lower(username) from remote_sip group by 1 having count(*) > 1))"
)
CHANGED = (
    "select r.place, s.id from telephony_sipaccount s join remote_sip r on r.vendor_id = s.vendor_id"
    f" where {LIVES} and s.fingerprint <> r.fingerprint{QUIET}"
)
# Made, as a person or a look could tell, without its id having been told.
FOUND_AGAIN = (
    f"select r.place, s.id from telephony_sipaccount s join remote_sip r on {ITS_NAME}"
    f" where {LIVES} and s.state = 'active' and s.vendor_id = ''{QUIET}"
)
UNKNOWN = (
    f"select r.place, null from remote_sip r where not exists (select from telephony_sipaccount s where {LIVES}"
    f" and s.vendor_id = r.vendor_id) and not exists (select from telephony_sipaccount s where {LIVES}"
    f" and s.vendor_id = '' and {ITS_NAME})"
)
DIFFERENT = (
    "select distinct on (place) place, id"
    f" from ({CHANGED} union all {FOUND_AGAIN} union all {UNKNOWN}) d (place, id) order by place, id"
)
MISSING = (
    f"select s.id from telephony_sipaccount s where {LIVES} and s.state = 'active' and s.created_at < %(since)s"
    f" and not exists (select from remote_sip r where r.vendor_id = s.vendor_id){QUIET}"
)


def _different(connection: Connection, reading: Reading) -> Iterator[tuple[int | None, RemoteSipAccount]]:
    """What the vendor shows in another way than we do, by our row of it, or by None if we have none."""
    return reading.accounts.at(_rows(DIFFERENT, **_facts(connection, reading.started_at)))


def _missing(connection: Connection, since: datetime) -> list[SipAccount]:
    found = [pk for (pk,) in _rows(MISSING, **_facts(connection, since))]
    return list(SipAccount.objects.filter(pk__in=found).defer("password"))


def _facts(connection: Connection, since: datetime) -> dict[str, Any]:
    return {"connection": connection.pk, "since": since, "holding": [str(status.value) for status in HOLDING]}


def _execute(sql: str) -> None:
    with database.cursor() as cursor:
        cursor.execute(sql)


def _rows(sql: str, **facts: Any) -> Iterator[tuple[Any, ...]]:
    """Of two whole sets. A table that was filled a moment ago is thought empty, and would be looked through row by row."""
    with database.chunked_cursor() as cursor:
        _execute("set local enable_nestloop = off")
        cursor.execute(sql, facts)
        _execute("set local enable_nestloop = on")
        while some := cursor.fetchmany(BATCH):
            yield from some


def _follow_changes(connection: Connection, changed: Sequence[tuple[int, RemoteSipAccount]]) -> None:
    """By one statement for all; what differed is on record."""
    if not changed:
        return
    before = {row["pk"]: row for row in _same_of([pk for pk, _remote in changed])}
    load_remote_rows("changed_sip", CHANGED_COLUMNS, (_written(connection.tenant_id, *each) for each in changed))
    _execute(FOLLOW)
    told = [(pk, _differing(before[pk], remote)) for pk, remote in changed]
    acts = (
        (SipAccount(pk=pk, tenant_id=connection.tenant_id, username=before[pk]["username"]), after)
        for pk, after in told
    )
    record_many("telephony.account_changed_at_vendor", [act for act in acts if act[1]], acting_user=None)


TIMES = ["vendor_created_at", "vendor_updated_at"]
CHANGED_COLUMNS = {
    "id": "bigint",
    **dict.fromkeys(["vendor_id", *absorb.SAME, "password", "fingerprint"], "text"),
    **dict.fromkeys(TIMES, "timestamptz"),
}
# A password that was not told is kept.
FOLLOW = (
    "update telephony_sipaccount s set "
    + ", ".join(f"{name} = r.{name}" for name in ["vendor_id", *absorb.SAME, "fingerprint", *TIMES])
    + ", password = case when r.password = '' then s.password else r.password end"
    + " from changed_sip r where r.id = s.id"
)


def _same_of(pks: Sequence[int]) -> Iterable[dict[str, Any]]:
    return SipAccount.objects.filter(pk__in=pks).values("pk", *absorb.SAME)


def _written(tenant_id: int, pk: int, remote: RemoteSipAccount) -> tuple[Any, ...]:
    """As CHANGED_COLUMNS has them."""
    password = seal(remote.password, PASSWORD.context_of(tenant_id)) if remote.password else ""
    same = (getattr(remote, name) for name in absorb.SAME)
    return (
        pk, remote.id, *same, password, absorb.fingerprint_of(tenant_id, remote), remote.created_at, remote.updated_at,
    )  # fmt: skip


PASSWORD: Any = SipAccount._meta.get_field("password")


def _differing(before: dict[str, Any], remote: RemoteSipAccount) -> dict[str, str]:
    return {name: getattr(remote, name) for name in absorb.SAME if before[name] != getattr(remote, name)}


def _take_over(connection: Connection, remotes: Sequence[RemoteSipAccount]) -> None:
    """What was there before the connection was first read is no difference."""
    SipAccount.objects.bulk_create([new_account(connection, remote) for remote in remotes])


def new_account(connection: Connection, remote: RemoteSipAccount) -> SipAccount:
    """An account as the vendor shows it, not written down yet."""
    account = SipAccount(tenant_id=connection.tenant_id, connection=connection, state=SipAccount.State.ACTIVE)
    absorb.take_over(account, remote)
    account.created_at = remote.created_at or timezone.now()
    return account


def _batches(rows: Iterator[Any]) -> Iterator[list[Any]]:
    while some := list(islice(rows, BATCH)):
        yield some


def _follow_script(connection: Connection, reading: Reading, *, first: bool) -> None:
    """One or none. One that was set, changed or removed there directly decides about every call: that is told."""
    if _script_was_under_way(connection, reading.started_at):
        return
    known = ExternalScript.objects.select_for_update(of=("self",)).filter(connection=connection).first()
    remote = reading.scripts[0] if reading.scripts else None
    if remote is None:
        if known is not None:
            record("telephony.script_gone_at_vendor", known, acting_user=None)
            notices.script_gone(connection)
            known.delete()
        return
    if known is not None and (known.vendor_id, known.name, known.url.reveal()) == (remote.id, remote.name, remote.url):
        return
    moved = known is None or known.url.reveal() != remote.url
    script = known or ExternalScript(tenant_id=connection.tenant_id, connection=connection)
    absorb.script_told(script, remote)
    if not first:
        record("telephony.script_changed_at_vendor", script, after={"name": remote.name}, acting_user=None)
        if moved:
            notices.script_changed(connection)


def _script_was_under_way(connection: Connection, since: datetime) -> bool:
    """Then what was read may be older than what the operation has told already."""
    asked = Operation.objects.filter(connection=connection, lane=SCRIPT_LANE)
    return asked.filter(Q(status__in=HOLDING) | Q(ended_at__gte=since)).exists()


def _finished(connection: Connection, reading: Reading) -> None:
    number, flaws = reading.accounts.unreadable, reading.accounts.flaws
    MirrorState.objects.filter(connection=connection).update(
        read_at=reading.started_at,
        reading_until=None,
        asked_at=None,
        due_at=timezone.now() + timedelta(seconds=settings.SYNC_SECONDS),
        error=f"{number} SIP accounts could not be understood: {flaws[0]}"[:500] if flaws else "",
        error_at=timezone.now() if flaws else None,
    )
