"""What a tenant's running month costs so far, product by product: each app registers what its products come to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format

from portal.billing.months import BILLING_ZONE, month_of
from portal.billing.peaks import Period

# The dearest ones; the others are in the total, and on their own pages.
SHOWN = 6


@dataclass(frozen=True)
class Charge:
    """One product in the running month. Costs are EUR, None where no price was agreed or nothing is known of last month.

    They are what the statements of both months show by now, each by its own terms. `zone` is by whose calendar it is charged.
    `peak` is what the month is charged by and `peak_at` when it was reached, None where it was brought along from the month
    before; `peak_at_most` and `cost_at_most` are what they come to when all on its way arrives, or turns out to have. Where the
    month is charged by its sum, `sums`, that is told as `peak`.
    """

    label: str
    url: str
    peak: int
    peak_at: datetime | None
    peak_at_most: int
    cost: Decimal | None
    cost_at_most: Decimal | None
    last_cost: Decimal | None
    zone: str = BILLING_ZONE.key
    sums: bool = False

    @property
    def certain(self) -> bool:
        return self.peak == self.peak_at_most


@dataclass(frozen=True)
class Bill:
    """All charges of the running month, the dearest first."""

    period: Period
    charges: list[Charge]

    @property
    def shown(self) -> list[Charge]:
        return self.charges[:SHOWN]

    @property
    def unshown(self) -> int:
        return len(self.charges[SHOWN:])

    @property
    def unpriced(self) -> list[Charge]:
        return [charge for charge in self.charges if charge.cost is None]

    @property
    def priced(self) -> bool:
        return len(self.unpriced) < len(self.charges)

    @property
    def cost(self) -> Decimal:
        return sum((charge.cost for charge in self.charges if charge.cost is not None), Decimal(0))

    @property
    def cost_at_most(self) -> Decimal:
        return sum((charge.cost_at_most for charge in self.charges if charge.cost_at_most is not None), Decimal(0))

    @property
    def certain(self) -> bool:
        return self.cost == self.cost_at_most

    @property
    def last_cost(self) -> Decimal | None:
        """Of last month, of the products that were known and priced then; None where none was."""
        known = [charge.last_cost for charge in self.charges if charge.last_cost is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def more_than_last(self) -> Decimal | None:
        return None if self.last_cost is None else self.cost - self.last_cost

    @property
    def less_than_last(self) -> Decimal | None:
        return None if self.more_than_last is None else -self.more_than_last

    @property
    def zones(self) -> str:
        """By whose calendars it is charged."""
        return ", ".join(sorted({charge.zone for charge in self.charges}))

    @property
    def month(self) -> str:
        return _name(self.period)

    @property
    def last_month(self) -> str:
        return _name(last_month(self.period))


ChargeSource = Callable[[HttpRequest, Period], Iterable[Charge]]
_sources: dict[str, ChargeSource] = {}


def register(key: str, source: ChargeSource) -> None:
    """Add an app's charges of a month; `key` again replaces it."""
    _sources[key] = source


def bill_of(request: HttpRequest) -> Bill | None:
    """The running month's charges; None where nothing is charged for."""
    period = month_of(timezone.now())
    found = [charge for _key, source in sorted(_sources.items()) for charge in source(request, period)]
    return Bill(period, sorted(found, key=lambda charge: -(charge.cost or 0))) if found else None


def last_month(period: Period) -> Period:
    """The month before the one that is `period`."""
    return month_of(period.start - timedelta(days=1))


def _name(period: Period) -> str:
    return date_format(period.start.astimezone(BILLING_ZONE), "F Y")
