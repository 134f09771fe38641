"""Seats: something to count that the tests have in hand. Levels are real ones, by the arithmetic of `portal.billing.peaks`."""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal

from portal.billing.meters import Blocker, Level, MeterKind, Reading
from portal.billing.peaks import Change, Period, steps

SEATS = "test.seats"


class Seats:
    """A ledger in memory. `terms` are what it was told to be in force, `blockers` what it says against closing."""

    def __init__(self) -> None:
        self.changes: dict[tuple[int, int], list[Change[str]]] = defaultdict(list)
        self.blockers: dict[int, list[Blocker]] = defaultdict(list)
        self.terms: dict[int, tuple[Decimal, Decimal | None]] = {}
        self.kind = MeterKind(SEATS, "Seats", self.read, self.blocking, self.apply)

    def change(self, tenant, quantity: int, at: datetime, object_id: int = 1, order: str = "") -> None:
        self.changes[tenant.pk, object_id].append(Change(at, quantity, order))

    def read(self, tenant_id: int, period: Period, object_ids=None) -> list[Reading]:
        return [
            self._reading(object_id, changes, period)
            for (owner, object_id), changes in self.changes.items()
            if owner == tenant_id and (object_ids is None or object_id in object_ids) and self._begun(changes, period)
        ]

    def history(self, tenant_id: int, periods: list[Period]) -> dict[int, list[int | None]]:
        found = {number: [] for owner, number in self.changes if owner == tenant_id}
        for period in periods:
            values = {reading.object_id: reading.value for reading in self.read(tenant_id, period)}
            for number, of_meter in found.items():
                of_meter.append(values.get(number))
        return found

    def blocking(self, tenant_id: int, period: Period) -> list[Blocker]:
        return self.blockers[tenant_id]

    def apply(self, object_id: int, unit_price: Decimal, limit_eur: Decimal | None) -> None:
        self.terms[object_id] = (unit_price, limit_eur)

    def _begun(self, changes: list[Change[str]], period: Period) -> bool:
        return min(change.at for change in changes) < period.end

    def _reading(self, object_id: int, changes: list[Change[str]], period: Period) -> Reading:
        levels = steps(changes, period)
        highest = max(levels, key=lambda step: step.level)
        return Reading(
            object_id=object_id,
            label=f"Seats {object_id}",
            value=highest.level,
            at_most=highest.level,
            opening=levels[0].level,
            closing=levels[-1].level,
            reached_at=highest.at if highest.change else None,
            order=(highest.change.cause or "") if highest.change else "",
            levels=[Level(step.at, step.level) for step in levels],
        )
