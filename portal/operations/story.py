"""The whole story of one operation as one timeline: who asked, each sending and look, what people decided, how it ended."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import Coalesce, JSONObject, Now
from django.utils.translation import gettext as _

from portal.audit.trail import SYSTEM
from portal.operations.models import Attempt, Decision, Operation, Status
from portal.ui import formats
from portal.vendors.models import Call

Outcome, Purpose, Action = Attempt.Outcome, Attempt.Purpose, Decision.Action

MOST_CALLS = 20

TONES = {
    Outcome.OPEN: "info",
    Outcome.DONE: "success",
    Outcome.REFUSED: "danger",
    Outcome.NOT_SENT: "warning",
    Outcome.THROTTLED: "warning",
    Outcome.CREDENTIALS: "danger",
    Outcome.UNKNOWN: "warning",
    Outcome.FOUND: "success",
    Outcome.ABSENT: "info",
    Outcome.CANNOT_TELL: "warning",
    Outcome.LATE: "neutral",
}
END_TONES = {"done": "success", "refused": "danger", "cancelled": "neutral"}


@dataclass(frozen=True)
class Event:
    """One thing that happened. `said` is somebody's own words (the vendor's, a person's), `facts` are names and values.

    `act` is what the audit trail calls it, "" where that does not tell it.
    """

    at: datetime
    who: str
    text: str
    tone: str = ""
    word: Any = ""
    said: str = ""
    request_id: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    calls: list[dict[str, Any]] = field(default_factory=list)
    act: str = ""


@dataclass(frozen=True)
class Story:
    """`open_question` is the decision that waits for its second person, if there is one."""

    events: list[Event]
    open_question: Decision | None


def story_of(operation: Operation) -> Story:
    """`operation` as `for_story` reads it. Costs two queries, or one where nobody decided anything."""
    decisions = list(operation.decisions.select_related("asked_by", "confirmed_by")) if operation.decided else []
    return Story(tell(operation, with_calls(operation.attempts.all()), decisions), _open_question(operation, decisions))


def _open_question(operation: Operation, decisions: list[Decision]) -> Decision | None:
    if operation.status != Status.NEEDS_PERSON:
        return None
    return next((decision for decision in decisions if decision.pending), None)


def tell(operation: Operation, attempts: Iterable[Attempt], decisions: Iterable[Decision]) -> list[Event]:
    """Oldest first."""
    events = [_asked(operation), *map(attempted, attempts)]
    for decision in decisions:
        events += _decided(decision)
    if operation.ended_at:
        events.append(_ended(operation))
    # Stable: what happened at one moment (a decision and the end it led to) stays in the order told here.
    return sorted(events, key=lambda event: event.at)


def with_calls(attempts: QuerySet[Attempt]) -> QuerySet[Attempt]:
    """Each with `calls`: what went over the line meanwhile, as dicts. By time, since looks and sendings count apart."""
    calls = Call.objects.filter(
        operation_id=OuterRef("operation_id"),
        started_at__gte=OuterRef("started_at"),
        started_at__lte=Coalesce(OuterRef("finished_at"), Now()),
    ).order_by("started_at", "pk")
    told = JSONObject(
        id="pk",
        method="method",
        path="path",
        status="status",
        duration_ms="duration_ms",
        request_id="vendor_request_id",
        error="error",
    )
    return attempts.annotate(calls=ArraySubquery(calls.values(json=told)[:MOST_CALLS]))


def readable(facts: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Names and values of a JSON object for people: ("Level before", "12")."""
    return [(formats.name_text(key), formats.value_text(value)) for key, value in (facts or {}).items()]


# --- The pieces ---------------------------------------------------------------------------------------------------


def _asked(operation: Operation) -> Event:
    who = str(operation.created_by) if operation.created_by else SYSTEM
    return Event(operation.created_at, who, _("Asked for"), act="operations.asked")


def attempted(attempt: Attempt) -> Event:
    return Event(
        at=attempt.started_at,
        who=SYSTEM,
        text=_attempt_text(attempt),
        tone=TONES[Outcome(attempt.outcome)],
        word=attempt.get_outcome_display(),
        said=attempt.said,
        request_id=attempt.vendor_request_id,
        facts=readable(attempt.facts),
        calls=getattr(attempt, "calls", []),
    )


def _attempt_text(attempt: Attempt) -> str:
    sending = attempt.purpose == Purpose.SEND
    text = _("Sending %(number)s") if sending else _("Look %(number)s at the vendor")
    text = text % {"number": attempt.number}
    return f"{text} · HTTP {attempt.status}" if attempt.status else text


_DECIDED = {
    Action.CANCEL: lambda: _("Cancelled it"),
    Action.SEND_AGAIN: lambda: _("Decided to send it again"),
    Action.MARK_DONE: lambda: _("Marked it as done"),
    Action.GIVE_UP: lambda: _("Gave it up"),
    Action.LOOK_AGAIN: lambda: _("Asked for another look"),
}


def _decided(decision: Decision) -> Iterator[Event]:
    yield Event(
        decision.asked_at,
        str(decision.asked_by),
        _asks_for_second() if decision.needs_second else _DECIDED[Action(decision.action)](),
        *_second_person(decision),
        said=decision.reason,
        facts=readable(decision.facts),
        act=f"operations.{decision.action}_decided",
    )
    if decision.confirmed_at:
        text = _("Confirmed it as the second person")
        yield Event(decision.confirmed_at, str(decision.confirmed_by), text, act="operations.confirmed")
    if decision.withdrawn_at:
        text = _("The request to send again was withdrawn")
        yield Event(decision.withdrawn_at, "", text, act="operations.withdrawn")


def _asks_for_second() -> str:
    return _("Asked to send it again, which takes a second person")


def _second_person(decision: Decision) -> tuple[str, Any]:
    return ("warning", _("Waits for a second person")) if decision.pending else ("", "")


def _ended(operation: Operation) -> Event:
    tone = END_TONES.get(operation.status, "neutral")
    word = operation.get_status_display()
    act = f"operations.{operation.status}"
    return Event(operation.ended_at, SYSTEM, _("Ended"), tone, word, said=operation.said, act=act)  # type: ignore[arg-type]
