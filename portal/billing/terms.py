"""What meters cost around a moment, as the statements of those months will say: for what is told before a click."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.utils import timezone

from portal.billing.charging import Charge, charge
from portal.billing.lines import before, following
from portal.billing.models import Contract, ContractQuerySet
from portal.billing.months import BILLING_ZONE, month_of
from portal.billing.months import month as month_of_year
from portal.billing.peaks import Period
from portal.partial_rows import as_json, partial_row

ONE_DAY = timedelta(days=1)
# What charging asks of a contract.
READ = ["id", "starts_on", "ends_on", "unit_price", "free_units", "zone", "price_change"]


@dataclass(frozen=True)
class Terms:
    """The contracts of one meter over some months, the earliest first; none where no price was agreed.

    `first` is a month's first day throughout. `peak_day` is when the peak was first reached; the first day where it is None.
    """

    contracts: Sequence[Contract] = ()

    def agreed(self, first: date) -> bool:
        """Is the price of that month known? It may be zero."""
        return bool(self._in(first))

    def agreed_at(self, moment: datetime) -> bool:
        """As `agreed`, of the month that `moment` lies in."""
        return self.agreed(first_day_of(self.month(moment)))

    def charge(self, value: int, first: date, peak_day: date | None = None) -> Charge:
        return charge(self._in(first), value, first=first, until=following(first), peak_day=peak_day or first)

    def cost(self, value: int, first: date, peak_day: date | None = None) -> Decimal:
        """EUR without VAT for `value` counted, to the cent; 0.00 where no price was agreed."""
        return self.charge(value, first, peak_day).amount

    def unit_price(self, first: date, peak_day: date | None = None) -> Decimal:
        """EUR for one, four decimals; the mean over the days where the month is charged by days."""
        return self.charge(0, first, peak_day).unit_price

    def free_units(self, first: date, peak_day: date | None = None) -> int | None:
        """So many cost nothing in that month; None: any number, since the agreed price is zero."""
        if not self.agreed(first):
            return 0
        made = self.charge(0, first, peak_day)
        if made.note_code != "by_days":
            return made.free_units if made.unit_price else None
        return min((each.free_units for each in self._in(first) if each.unit_price), default=None)

    def zone(self, first: date) -> ZoneInfo:
        """By whose calendar the month is charged; the vendor's where nothing was agreed."""
        contracts = self._in(first)
        return contracts[0].time_zone if contracts else BILLING_ZONE

    def month(self, moment: datetime) -> Period:
        """The month that `moment` lies in, by the calendar that it is charged by."""
        first = moment.astimezone(BILLING_ZONE).date().replace(day=1)
        for each in (first, before(first), following(first)):
            period = month_of_year(each.year, each.month, self.zone(each))
            if moment in period:
                return period
        # Between the months of two zones: no statement counts these hours.
        return month_of(moment)

    def _in(self, first: date) -> list[Contract]:
        until = following(first)
        return [each for each in self.contracts if each.starts_on < until and (each.ends_on or until) > first]


def terms_of(meter: str, object_ids: Iterable[int], around: datetime | None = None) -> dict[int, Terms]:
    """By meter its terms in the month of `around` (None: now), the one before and the one after, in any zone. One query."""
    found: dict[int, list[Contract]] = {object_id: [] for object_id in object_ids}
    if found:
        for contract in _around(around).filter(meter=meter, object_id__in=list(found)):
            found[contract.object_id].append(contract)
    return {object_id: Terms(tuple(contracts)) for object_id, contracts in found.items()}


def agreed_around(meter: str, *, counted: str = "pk", around: datetime | None = None) -> ArraySubquery:
    """For a query of what is counted, by the column that its id is in: what `terms_from` makes the terms of."""
    return ArraySubquery(_around(around).filter(meter=meter, object_id=OuterRef(counted)).values(row=as_json(*READ)))


def terms_from(rows: Iterable[Mapping[str, Any]]) -> Terms:
    return Terms(tuple(partial_row(Contract, row) for row in rows))


def _around(moment: datetime | None) -> ContractQuerySet:
    moment = moment or timezone.now()
    first = before((moment - ONE_DAY).date().replace(day=1))
    until = following(following((moment + ONE_DAY).date().replace(day=1)))
    return Contract.objects.between(first, until)


def first_day_of(period: Period) -> date:
    """The first day of the month that a period begins in, by its own calendar."""
    return period.start.astimezone(period.zone).date().replace(day=1)
