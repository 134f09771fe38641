"""How messages follow their reports: many at once, forwards only, by sets.

One transaction for each chunk, held by a lock on the connection's SMS account, so that a connection's reports are read in the
order in which they came, by one worker. Whoever else changes messages locks their batches first, and so does this.
"""

import json
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_noop

from messaging.inbound import taking
from messaging.models import (
    BEFORE_LEAVING,
    LEFT,
    TOLD_ENDS,
    Batch,
    MessageState,
    OptOut,
    Report,
    Sending,
    SigningKey,
    SmsAccount,
)
from messaging.people.optouts import opt_out
from messaging.reports import notices, proof
from messaging.reports.codes import OPT_OUT_CODES
from messaging.reports.reading import Delivery, Inbound, NotUnderstood, read
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.remote_rows import load_remote_rows

CHUNK = 1_000
TURN_SECONDS = 5.0
# How far the vendor's clock may be ahead, and how old a state may be, before our own time is told instead.
AHEAD, OLDEST = timedelta(minutes=5), timedelta(days=8)
Outcome = Report.Outcome

MATCH = """
select t.report, m.id, m.state
from told_reports t
join messaging_batch b on b.id = t.batch
join messaging_message m on m.campaign_id = b.campaign_id and m.number = t.number and m.batch_id = b.id
where t.number <> ''
"""
ALONE = "select batch_id, min(id), min(state) from messaging_message where batch_id = any(%s) group by 1 having count(*) = 1"
# One JSON value costs less to write than arrays of text.
MOVE = """
update messaging_message m set state = n.state, state_at = n.at, code = n.code
from jsonb_to_recordset(%s) as n (id bigint, state text, at timestamptz, code text)
where m.id = n.id and m.state <> all(%s)
"""
HANDLED = """
update messaging_report r set handled_at = now(), outcome = n.outcome, message_id = n.message, status = n.status, code = n.code,
more = n.more
from jsonb_to_recordset(%s) as n (id bigint, outcome text, message bigint, status text, code text, more jsonb)
where r.id = n.id
"""
NOTHING_SAID = {"status": "", "code": "", "more": {}}
FINAL = [state for state in MessageState if state not in (*BEFORE_LEAVING, *LEFT)]


@dataclass
class Told:
    """One report and how it is understood."""

    report: Report
    said: Delivery | None = None
    batch_id: int | None = None
    message_id: int | None = None
    outcome: str = Outcome.NOT_UNDERSTOOD


@dataclass
class Standing:
    """Of one message while the reports of a chunk are gone through."""

    state: str
    moved: bool = False
    at: datetime = field(default_factory=timezone.now)
    code: str = ""


def due_connections() -> list[tuple[int, int]]:
    """(tenant, connection) of those that have reports to be read; all tenants."""
    with staff_scope():
        waiting = Report.objects.filter(handled_at=None).order_by("tenant_id", "connection_id")
        return list(waiting.distinct("tenant_id", "connection_id").values_list("tenant_id", "connection_id")[:500])


def process(tenant_id: int, connection_id: int) -> int:
    """Read what has come over one connection, for a few seconds. Returns how many reports; 0 while another worker does."""
    ends, done = time.monotonic() + TURN_SECONDS, 0
    while some := _chunk(tenant_id, connection_id):
        done += some
        if some < CHUNK or time.monotonic() > ends:
            break
    return done


def _chunk(tenant_id: int, connection_id: int) -> int:
    with tenant_scope(tenant_id):
        accounts = SmsAccount.objects.select_for_update(skip_locked=True, of=("self",))
        account = accounts.filter(connection_id=connection_id).first()
        if account is None:
            return 0
        new = Report.objects.filter(connection_id=connection_id, handled_at=None).order_by("id")
        reports = list(new[:CHUNK])
        if reports:
            _handle(account, reports)
        return len(reports)


def _handle(account: SmsAccount, reports: Sequence[Report]) -> None:
    told, inbound = _read_all(reports)
    _follow([each for each in told if each.said])
    taking.take(account, inbound)
    _write_down(told)
    _heard(account, reports)


def _read_all(reports: Iterable[Report]) -> tuple[list[Told], list[tuple[Report, Inbound]]]:
    told, inbound = [], []
    for report in reports:
        each = Told(report)
        told.append(each)
        try:
            said = read(bytes(report.body))
        except NotUnderstood:
            continue
        if isinstance(said, Inbound):
            each.outcome = Outcome.INBOUND
            inbound.append((report, said))
        else:
            each.said = said
    return told, inbound


# --- Reports of messages ----------------------------------------------------------------------------------------------


def _follow(told: list[Told]) -> None:
    """Batches are locked before anything of them is looked at: what is seen then stays as it is until the commit."""
    told = _placed(told)
    batches = sorted({each.batch_id for each in told if each.batch_id})
    list(Batch.objects.select_for_update(of=("self",)).filter(pk__in=batches).order_by("pk").values_list("pk"))
    standings = _match(told)
    for each in told:
        _step(each, standings)
    _move(standings)
    _count_unmatched(told)
    _opt_out(told)
    proof.sendings_proven({each.report.sending_id for each in told if _proves(each)})


def _placed(told: list[Told]) -> list[Told]:
    """Those that belong to the sending whose address they came to, with its batch."""
    sendings = {row.pk: row for row in Sending.objects.filter(pk__in={each.report.sending_id for each in told})}
    owners = _owners(told)
    placed = []
    for each in told:
        assert each.said is not None
        sending = sendings.get(each.report.sending_id)
        owner = owners.get((each.report.connection_id, each.said.document_id))
        if owner is not None and owner != each.report.sending_id:
            each.outcome = Outcome.ELSEWHERE
        elif sending is None or sending.connection_id != each.report.connection_id:
            each.outcome = Outcome.NO_MESSAGE
        else:
            each.batch_id = sending.batch_id
            placed.append(each)
    return placed


def _owners(told: Iterable[Told]) -> dict[tuple[int, str], int]:
    """Which sending the vendor gave a document ID to."""
    documents = {each.said.document_id for each in told if each.said and each.said.document_id}
    if not documents:
        return {}
    connections = {each.report.connection_id for each in told}
    known = Sending.objects.filter(connection_id__in=connections, document_id__in=documents)
    return {
        (connection, document): pk
        for connection, document, pk in known.values_list("connection_id", "document_id", "pk")
    }


def _match(told: list[Told]) -> dict[int, Standing]:
    """Tells each report its message, and returns how those stand."""
    with_number = [each for each in told if each.said and each.said.number]
    load_remote_rows(
        "told_reports",
        {"report": "bigint", "batch": "bigint", "number": "text"},
        ((each.report.pk, each.batch_id, each.said.number) for each in with_number if each.said),
    )
    found = {report: (message, state) for report, message, state in _rows(MATCH)}
    without = sorted({each.batch_id for each in told if each.batch_id and each.said and not each.said.number})
    alone = {batch: (message, state) for batch, message, state in _rows(ALONE, [without])} if without else {}
    standings: dict[int, Standing] = {}
    for each in told:
        assert each.said is not None
        assert each.batch_id is not None
        match = found.get(each.report.pk) if each.said.number else alone.get(each.batch_id)
        if match:
            each.message_id = match[0]
            standings.setdefault(match[0], Standing(match[1]))
    with database.cursor() as cursor:
        cursor.execute("drop table told_reports")
    return standings


def _step(each: Told, standings: dict[int, Standing]) -> None:
    assert each.said is not None
    if each.message_id is None:
        each.outcome = Outcome.NO_MESSAGE
        return
    if each.said.state is None:
        each.outcome = Outcome.NOT_UNDERSTOOD
        return
    standing = standings[each.message_id]
    if not _leads_forward(standing.state, each.said.state):
        each.outcome = Outcome.NOTHING_NEW
        return
    each.outcome = Outcome.APPLIED
    standing.state, standing.moved, standing.code = each.said.state, True, each.said.code
    standing.at = _time_of(each.said, each.report)


def _leads_forward(now: str, told: str) -> bool:
    """What has ended stays as it is; what is accepted already is only moved by an end."""
    if now in FINAL:
        return False
    return told in TOLD_ENDS or now != MessageState.ACCEPTED


def _time_of(said: Delivery, report: Report) -> datetime:
    """The vendor's own time where it can be true."""
    received = report.received_at
    return said.at if said.at and received - OLDEST < said.at < received + AHEAD else received


def _move(standings: dict[int, Standing]) -> None:
    moved = [
        {"id": pk, "state": standing.state, "at": standing.at.isoformat(), "code": standing.code}
        for pk, standing in standings.items()
        if standing.moved
    ]
    if moved:
        with database.cursor() as cursor:
            cursor.execute(MOVE, [json.dumps(moved), [str(state) for state in FINAL]])


def _count_unmatched(told: list[Told]) -> None:
    """Of a batch of many, told without a number: it is known that something happened, and not to whom."""
    counts = Counter(each.batch_id for each in told if each.said and not each.said.number and each.message_id is None)
    for batch_id in sorted(pk for pk in counts if pk):
        Batch.objects.filter(pk=batch_id).update(unmatched=F("unmatched") + counts[batch_id])


def _opt_out(told: list[Told]) -> None:
    numbers = {
        each.said.number
        for each in told
        if each.said and each.outcome == Outcome.APPLIED and each.said.code in OPT_OUT_CODES and each.said.number
    }
    if numbers:
        note = gettext_noop("A delivery report said that the recipient does not want messages.")
        opt_out(told[0].report.tenant_id, sorted(numbers), OptOut.Source.REPORT, note, acting_user=None)


def _proves(each: Told) -> bool:
    """Whoever has a report for one of its messages, or without any number, was given the sending by us."""
    return each.batch_id is not None and (each.message_id is not None or not (each.said and each.said.number))


# --- What is written down -----------------------------------------------------------------------------------------------


def _write_down(told: list[Told]) -> None:
    with database.cursor() as cursor:
        cursor.execute(HANDLED, [json.dumps([_row(each) for each in told])])


def _row(each: Told) -> dict[str, Any]:
    row: dict[str, Any] = {"id": each.report.pk, "outcome": each.outcome, "message": each.message_id}
    said = each.said
    return row | {"status": said.status, "code": said.code, "more": said.more} if said else row | NOTHING_SAID


def _heard(account: SmsAccount, reports: Sequence[Report]) -> None:
    """The connection is not silent, and its keys are in use."""
    last = max(report.received_at for report in reports)
    if account.silent_since is not None:
        notices.heard_again(account)
    SmsAccount.objects.filter(pk=account.pk).update(last_report_at=last, silent_since=None)
    used = {report.key_id for report in reports}
    SigningKey.objects.filter(connection_id=account.connection_id, key_id__in=used).update(used_at=Now())


def _rows(statement: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
