"""What the rest of a month leaves to be done about a peak: what costs nothing more, and what removing now would save."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portal.billing.document import Line


@dataclass(frozen=True)
class Outlook:
    """One peak of the running month, which ends at `ends`. Money is EUR without VAT; levels are products."""

    line: Line
    ends: datetime

    @property
    def level(self) -> int:
        return self.line.reading.closing

    @property
    def uncertain(self) -> bool:
        return self.line.reading.at_most > self.line.reading.value

    @property
    def arriving(self) -> int:
        return sum(each.quantity for each in self.line.reading.unsettled if each.quantity > 0)

    @property
    def leaving(self) -> int:
        return -sum(each.quantity for each in self.line.reading.unsettled if each.quantity < 0)

    @property
    def paid_for(self) -> int:
        """So many may be held until the month ends without costing more: the peak, or what is free of charge anyway."""
        return max(self.line.reading.value, self.line.free_units)

    @property
    def headroom(self) -> int:
        """So many more cost nothing; what is on its way has taken its places already."""
        return max(0, self.paid_for - self.level - self.arriving)

    @property
    def next_opening(self) -> int:
        """What the next month opens with when all on its way arrives and nothing else is done; it cannot cost less."""
        return max(0, self.level + self.arriving - self.leaving)

    @property
    def next_charged(self) -> int:
        return max(0, self.next_opening - self.line.free_units)

    @property
    def next_cost(self) -> Decimal:
        return self.line.unit_price * self.next_charged

    @property
    def in_use(self) -> int | None:
        """At the last change; None where it is not kept."""
        levels = self.line.reading.levels
        return levels[-1].in_use if levels else None

    @property
    def spare(self) -> int | None:
        return None if self.in_use is None else max(0, self.level - self.in_use)

    @property
    def saving(self) -> Decimal:
        """What the next month costs less when all that nobody uses is removed before it begins."""
        return self.line.unit_price * min(self.spare or 0, self.next_charged)

    @property
    def cost_at_most(self) -> Decimal:
        """Of this month, when all that is unsettled has been done."""
        return self.line.unit_price * max(0, self.line.reading.at_most - self.line.free_units)
