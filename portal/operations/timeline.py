"""What operations add to a timeline: who asked, each attempt with its calls on demand, decisions, and how it ended."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BigIntegerField, F, Model, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce, JSONObject, NullIf

from portal.audit import acts
from portal.audit.models import Entry
from portal.audit.timeline import Happening, Source, Wanted, ref_of
from portal.operations import story
from portal.operations.models import Attempt, Decision, Operation
from portal.operations.registry import kind_label
from portal.operations.story import Event
from portal.tenancy.models import User

Row = TypeVar("Row", bound=Model)

OPERATION = Operation._meta.label_lower
# Of one operation; its own page has them all.
MOST_ATTEMPTS = 20
MOST_DECISIONS = 20


def promised(wanted: Wanted) -> QuerySet[Operation]:
    """The operations about what is wanted, or that the request had to do with."""
    if wanted.request_id:
        named = Entry.objects.filter(request_id=wanted.request_id, object_type=OPERATION)
        return Operation.objects.filter(pk__in=named.values(number=Cast("object_id", BigIntegerField())))
    if wanted.is_about(Operation):
        return Operation.objects.filter(pk=wanted.object_id)
    return Operation.objects.filter(subject_type=wanted.object_type, subject_id=wanted.object_id)


def root_of(operation_id: int | None) -> str:
    """What an operation leads to hangs on it."""
    return ref_of(OPERATION, operation_id) if operation_id else ""


def named(person: str) -> Coalesce:
    """A person as timelines call them: the name, else the address."""
    return Coalesce(NullIf(F(f"{person}__name"), Value("")), F(f"{person}__email"))


def _columns(*names: str) -> dict[str, Any]:
    return {name: name for name in names}


_ATTEMPT = _columns(
    "number",
    "purpose",
    "started_at",
    "finished_at",
    "outcome",
    "status",
    "vendor_request_id",
    "message",
    "facts",
    "calls",
)
_DECISION = {
    **_columns("action", "reason", "facts", "asked_at", "needs_second", "confirmed_at", "withdrawn_at"),
    "asked_by": named("asked_by"),
    "confirmed_by": named("confirmed_by"),
}
_OPERATION = {
    **_columns("pk", "kind", "label", "status", "message", "created_at", "ended_at", "request_id"),
    "created_by": named("created_by"),
    "attempts": ArraySubquery(
        story.with_calls(Attempt.objects.filter(operation=OuterRef("pk"))).values(json=JSONObject(**_ATTEMPT))[
            :MOST_ATTEMPTS
        ]
    ),
    "decisions": ArraySubquery(
        Decision.objects.filter(operation=OuterRef("pk")).values(json=JSONObject(**_DECISION))[:MOST_DECISIONS]
    ),
}


def tell(row: dict[str, Any]) -> Iterator[Happening]:
    operation = _made(Operation, row, ("pk", "kind", "label", "status", "message", "created_at", "ended_at"))
    operation.created_by = _person(row["created_by"])
    decisions = [_decision(each) for each in row["decisions"]]
    steps = tuple(_happening(row, story.attempted(_attempt(each))) for each in row["attempts"])
    asked, *rest = story.tell(operation, [], decisions)
    yield _happening(
        row,
        asked,
        text=kind_label(operation.kind),
        begins=True,
        label=operation.label,
        tone=operation.status,
        steps=steps,
    )
    yield from (_happening(row, event) for event in rest)


def _happening(row: dict[str, Any], event: Event, **more: Any) -> Happening:
    told: dict[str, Any] = {
        "at": event.at,
        "text": event.text,
        "who": event.who,
        "request_id": row["request_id"],
        "root": root_of(row["pk"]),
        "ref": root_of(row["pk"]),
        "act": event.act,
        "tone": event.tone,
        "word": event.word,
        "said": event.said,
        "vendor_request_id": event.request_id,
        "facts": tuple(event.facts),
        "calls": tuple(event.calls),
    }
    return Happening(**{**told, **more})


def _attempt(row: dict[str, Any]) -> Attempt:
    attempt = _made(Attempt, row, _ATTEMPT.keys() - {"calls"})
    attempt.calls = row["calls"]  # type: ignore[attr-defined]
    return attempt


def _decision(row: dict[str, Any]) -> Decision:
    decision = _made(Decision, row, _DECISION.keys() - {"asked_by", "confirmed_by"})
    decision.asked_by, decision.confirmed_by = _person(row["asked_by"]), _person(row["confirmed_by"])  # type: ignore[assignment]
    return decision


def _made(model: type[Row], row: dict[str, Any], names: Iterable[str]) -> Row:
    """A row of the journal as it was read in JSON."""
    made = model()
    for name in names:
        field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
        setattr(made, name, field.to_python(row[name]))
    return made


def _person(name: str | None) -> User | None:
    return User(name=name) if name else None


def _operation_acts(wanted: Wanted) -> QuerySet[Entry] | None:
    """What the trail has of the operations; of what is wanted itself it is told already."""
    if wanted.is_about(Operation):
        return None
    entries = Entry.objects.filter(
        object_type=OPERATION, object_id__in=promised(wanted).values(number=Cast("pk", TextField()))
    )
    return entries.exclude(request_id=wanted.request_id) if wanted.request_id else entries


SOURCES = (
    Source("operations", promised, "created_at", _OPERATION, tell),
    Source("operations.acts", _operation_acts, "at", acts.FIELDS, acts.tell),
)
