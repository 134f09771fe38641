"""What needs a person of support, over all tenants: grouped by the kind of trouble, oldest first, with the evidence.

Three queries for the rows and one for each kind that costs money, however many rows there are; nothing is counted to its end.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.utils import timezone

from portal.operations.evidence import Row, row_of, with_evidence
from portal.operations.models import Decision, Operation, Status
from portal.operations.registry import Stake, stakes_of
from portal.support.desk_groups import CONNECTION_GROUPS, Group
from portal.ui.badges import COUNTED, capped
from portal.vendors.models import SEALED_OF_CONNECTION, ConnectionState

# Rows of a group before "see all".
SHOWN = 20
# Refusals are read so far, and those alike are told as one.
READ_REFUSALS = 200
REFUSALS_FOR = timedelta(days=7)


@dataclass(frozen=True)
class ConnectionRow:
    """A connection in trouble over which operations wait, counted no further than COUNTED."""

    state: ConnectionState
    waiting: int

    @property
    def count(self) -> str:
        return capped(self.waiting)


@dataclass
class Pile:
    """A group with its rows: `Row`, or `ConnectionRow` in groups of connections.

    `total` may be more than are shown, and is None where not all were counted.
    """

    group: Group
    rows: list[Any] = field(default_factory=list)
    total: int | None = 0

    @property
    def count(self) -> str:
        """How many there are, "99+" where not all were counted."""
        return f"{COUNTED - 1}+" if self.total is None else capped(self.total)

    @property
    def more(self) -> bool:
        return self.total is None or self.total > len(self.rows)


def desk() -> list[Pile]:
    """The groups that have something in them, the most urgent first. In staff scope."""
    found = _oldest_of_each()
    read = [pk for group, numbers in found.items() for pk in numbers[: _read(group)]]
    operations = with_evidence(Operation.objects.filter(pk__in=read)).in_bulk() if read else {}
    stakes = stakes_of([operation for operation in operations.values() if not operation.ended])
    piles = {group: Pile(group) for group in Group}
    for group, numbers in found.items():
        oldest = [operations[pk] for pk in numbers[: _read(group)] if pk in operations]
        piles[group] = _pile(group, oldest, len(numbers), stakes)
    _pile_connections(piles)
    return [pile for pile in piles.values() if pile.rows]


def _pile(group: Group, oldest: list[Any], counted: int, stakes: Mapping[int, Stake]) -> Pile:
    if group is not Group.REFUSED:
        return Pile(group, [row_of(operation, stakes) for operation in oldest], counted)
    rows = _alike(oldest)
    return Pile(group, [*rows[:SHOWN]], None if counted == READ_REFUSALS else len(rows))


# --- Operations -----------------------------------------------------------------------------------------------------


def operations_of(group: Group) -> QuerySet[Operation]:
    """Of all tenants. Raises KeyError for a group of connections."""
    asked = Exists(Decision.objects.pending().filter(operation=OuterRef("pk")))
    needing, not_understood = Operation.objects.needing_a_person(), Q(trouble=Operation.Trouble.PROTOCOL)
    unknown = Operation.objects.filter(status=Status.UNKNOWN)
    refused = Operation.objects.refusals_to_note()
    return {
        Group.SECOND_PERSON: needing.filter(asked),
        Group.UNKNOWN: needing.filter(~asked, ~not_understood),
        Group.PROTOCOL: needing.filter(~asked, not_understood),
        Group.LOOKING: unknown.filter(unknown_since__lte=patience_ends()),
        Group.REFUSED: refused.filter(ended_at__gte=timezone.now() - REFUSALS_FOR),
    }[group]


def since(group: Group) -> str:
    """The field by which the operations of a group are the oldest."""
    return "ended_at" if group is Group.REFUSED else "created_at"


def patience_ends() -> datetime:
    """What has been in trouble since before this moment is worth a person's look."""
    return timezone.now() - timedelta(seconds=settings.DESK_PATIENCE_SECONDS)


def _oldest_of_each() -> dict[Group, list[int]]:
    """The keys of the oldest operations of each group, by one query; of each group as many as are counted or read."""
    first, *rest = [_oldest(group) for group in Group if not group.of_connections]
    found: dict[Group, list[int]] = {}
    for name, _at, pk in sorted(first.union(*rest, all=True)):
        found.setdefault(Group(name), []).append(pk)
    return found


def _oldest(group: Group) -> Any:
    most = READ_REFUSALS if group is Group.REFUSED else COUNTED
    rows = operations_of(group).order_by(since(group), "pk").annotate(group=Value(group.value), at=F(since(group)))
    return rows.values_list("group", "at", "pk")[:most]


def _read(group: Group) -> int:
    return READ_REFUSALS if group is Group.REFUSED else SHOWN


def _alike(refused: Iterable[Any]) -> list[Row]:
    """One row for those refused in the same words: the oldest, and how many others. Nothing is at risk: it was not done."""
    heaps: dict[tuple[int, str, str], list[Any]] = {}
    for operation in refused:
        heaps.setdefault((operation.connection_id, operation.kind, operation.message), []).append(operation)
    return [row_of(heap[0], {}, alike=len(heap) - 1) for heap in heaps.values()]


# --- Waiting, because a connection is in trouble --------------------------------------------------------------------


def troubled_connections() -> QuerySet[ConnectionState]:
    """In trouble, used, and something waits; with `waiting`, the keys of what waits. Refused credentials at once."""
    waiting = Operation.objects.filter(connection=OuterRef("connection_id"), status=Status.WAITING)
    long_enough = Q(trouble=ConnectionState.Trouble.CREDENTIALS) | Q(trouble_since__lte=patience_ends())
    return (
        ConnectionState.objects.exclude(trouble="")
        .filter(long_enough, Exists(waiting), connection__enabled=True, tenant__state="active")
        .select_related("connection", "tenant")
        .defer("access_token", *SEALED_OF_CONNECTION)
        .annotate(waiting=ArraySubquery(waiting.order_by("lane", "pk").values("pk")[:COUNTED]))
        .order_by("trouble_since", "pk")
    )


def _pile_connections(piles: dict[Group, Pile]) -> None:
    states: Iterable[Any] = troubled_connections()[:COUNTED]
    for state in states:
        pile = piles[CONNECTION_GROUPS[state.trouble]]
        if len(pile.rows) < SHOWN:
            pile.rows.append(ConnectionRow(state, len(state.waiting)))
        pile.total = (pile.total or 0) + 1
