"""What is known about operations that somebody has to decide about, read for many of them by one query."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import JSONObject
from django.utils.dateparse import parse_datetime

from portal.operations.models import Attempt, Decision, Operation, Status
from portal.operations.registry import Stake
from portal.operations.story import TONES, readable
from portal.sentences import Sentence
from portal.ui.badges import COUNTED
from portal.vendors.models import SEALED_OF_CONNECTION

# Of no use to anybody who decides.


@dataclass(frozen=True)
class Evidence:
    """The last look at the vendor, or the last sending where nobody looked yet."""

    looked: bool
    number: int
    at: datetime | None
    outcome: Any
    tone: str
    message: str
    status: int | None
    facts: list[tuple[str, str]]


@dataclass(frozen=True)
class Row:
    """One operation on the desk. `alike` counts others that were refused in the same words over the same connection."""

    operation: Any
    stake: Stake | None
    evidence: Evidence | None
    question: dict[str, Any] | None = None
    alike: int = 0


def with_evidence(operations: QuerySet[Operation]) -> QuerySet[Operation]:
    """With tenant and connection, the last look, the open question and what waits behind, each as `row_of` reads it."""
    attempts = Attempt.objects.filter(operation=OuterRef("pk"))
    # By name "look" comes before "send".
    last = attempts.order_by("purpose", "-number").values(
        json=JSONObject(
            purpose="purpose",
            number="number",
            at="started_at",
            outcome="outcome",
            message="message",
            status="status",
            facts="facts",
        )
    )
    asked = Decision.objects.pending().filter(operation=OuterRef("pk"))
    question = asked.values(json=JSONObject(asked_by="asked_by_id", who="asked_by__email", reason="reason"))
    behind = Operation.objects.filter(
        connection=OuterRef("connection_id"), lane=OuterRef("lane"), status=Status.WAITING, pk__gt=OuterRef("pk")
    )
    return (
        operations.select_related("tenant", "connection")
        .defer(*SEALED_OF_CONNECTION)
        .annotate(  # type: ignore[no-redef]
            last=Subquery(last[:1]),
            question=Subquery(question[:1]),
            behind=ArraySubquery(behind.order_by("pk").values("pk")[:COUNTED]),
        )
    )


def row_of(operation: Any, stakes: Mapping[int, Stake], alike: int = 0) -> Row:
    return Row(operation, stakes.get(operation.pk), _evidence(operation.last), operation.question, alike)


def _evidence(told: dict[str, Any] | None) -> Evidence | None:
    if told is None:
        return None
    outcome = Attempt.Outcome(told["outcome"])
    return Evidence(
        looked=told["purpose"] == Attempt.Purpose.LOOK,
        number=told["number"],
        at=parse_datetime(told["at"]),
        outcome=outcome.label,
        tone=TONES[outcome],
        message=str(Sentence(told["message"])),
        status=told["status"],
        facts=readable(told["facts"]),
    )
