"""What a month costs by the contracts in force in it. Pure arithmetic, no clock and no database."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from portal.billing.document import NOTES, Price
from portal.billing.models import Contract

CENT, PRICE = Decimal("0.01"), Decimal("0.0001")
Rule = Contract.PriceChange


@dataclass(frozen=True)
class Charge:
    """As on a line: units after the free ones, EUR for each (four decimals) and in all (two, rounded half up)."""

    free_units: int = 0
    charged: int = 0
    unit_price: Decimal = Decimal("0.0000")
    amount: Decimal = Decimal("0.00")
    note_code: str = ""
    prices: Sequence[Price] = ()

    @property
    def note(self) -> str:
        return str(NOTES[self.note_code]) if self.note_code else ""


def charge(contracts: Sequence[Contract], value: int, *, first: date, until: date, peak_day: date) -> Charge:
    """Of the month from `first` until just before `until`, for `value` counted, the peak first reached on `peak_day`.

    `contracts` are all that are in force in it, the earliest first. The rule of the one that the month began with governs,
    since a later one cannot change how the days before it are charged. Days without a contract are free under the rule by
    days; under the others the contract nearest before holds, or the first.
    """
    if not contracts:
        return Charge(charged=value, note_code="no_price")
    if len(contracts) == 1 and contracts[0].price_change != Rule.DAYS:
        return _by(contracts[0], value)
    spans = list(_spans(contracts, value, first, until))
    rule = Rule(contracts[0].price_change)
    if rule is Rule.DAYS:
        return _by_days(contracts, value, spans, (until - first).days)
    day, note = (peak_day, "peak_day") if rule is Rule.PEAK else (first, "first_day")
    return _by(_on(contracts, day), value, note, spans)


def _by(contract: Contract, value: int, note: str = "", prices: Sequence[Price] = ()) -> Charge:
    charged = _charged(contract, value)
    amount = (charged * contract.unit_price).quantize(CENT, ROUND_HALF_UP)
    return Charge(contract.free_units, charged, contract.unit_price.quantize(PRICE), amount, note, prices)


def _by_days(contracts: Sequence[Contract], value: int, spans: Sequence[Price], days: int) -> Charge:
    """The unit price shown is the mean over the days, rounded; the amount is not made from it."""
    if len(spans) == 1 and spans[0].days == days:
        return _by(contracts[0], value)
    last = contracts[-1]
    total = sum((span.charged * span.unit_price * span.days for span in spans), Decimal(0)) / days
    mean = sum((span.unit_price * span.days for span in spans), Decimal(0)) / days
    amount, shown = total.quantize(CENT, ROUND_HALF_UP), mean.quantize(PRICE, ROUND_HALF_UP)
    return Charge(last.free_units, _charged(last, value), shown, amount, "by_days", spans)


def _on(contracts: Sequence[Contract], day: date) -> Contract:
    return next((contract for contract in reversed(contracts) if contract.starts_on <= day), contracts[0])


def _spans(contracts: Sequence[Contract], value: int, first: date, until: date) -> Iterator[Price]:
    for contract in contracts:
        begins, ends = max(contract.starts_on, first), min(contract.ends_on or until, until)
        days = (ends - begins) // timedelta(days=1)
        yield Price(begins, days, _charged(contract, value), contract.unit_price.quantize(PRICE))


def _charged(contract: Contract, value: int) -> int:
    return max(0, value - contract.free_units)
