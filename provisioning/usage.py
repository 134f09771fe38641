"""What this app contributes to money: the levels of a product in a period, and the changes behind them.

A month's cost grows with its own changes, not with the history before it: the level it opened with is the present one less
what changed since.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

from django.db.models import Case, F, Value, When
from django.utils import timezone

from portal.billing.charging import Charge
from portal.billing.lines import following
from portal.billing.peaks import Change, Peak, PeakRange, Period, Step, peak_range, steps
from portal.billing.terms import Terms, first_day_of
from provisioning.models import InventoryChange, InventoryChangeQuerySet, Order, Product
from provisioning.terms import terms_of_product

ON_ITS_WAY = "on its way"


@dataclass(frozen=True)
class Origin:
    """What was behind a change of the inventory. `who` is "" when nobody of the portal asked for it.

    `by_vendors_clock` tells whose time it is kept with.
    """

    kind: str
    order_id: int | None = None
    number: str = ""
    who: str = ""
    by_vendors_clock: bool = False

    @property
    def is_order(self) -> bool:
        return self.order_id is not None

    @property
    def is_opening(self) -> bool:
        return self.kind == InventoryChange.Cause.OPENING


@dataclass(frozen=True)
class Usage:
    """A product's levels in a period. `on_their_way` are orders that may still change them.

    `began_at` is when the ledger began, where that was asked for: the level before is not known. `terms` are by which it is
    charged; where they were not asked for, no price is known. `at` is when it was read: what is still to come, comes then.
    """

    product: Product
    period: Period
    opening: int
    changes: list[Change[Origin]]
    on_their_way: list[Order]
    began_at: datetime | None = None
    terms: Terms = field(default_factory=Terms)
    at: datetime = field(default_factory=timezone.now)

    @cached_property
    def steps(self) -> list[Step[Origin]]:
        return steps(self.changes, self.period, opening=self.opening)

    @property
    def known_steps(self) -> list[Step[Origin]]:
        """Without the level that the period opened with, where that is not known."""
        return self.steps[1:] if self.began_at and self.began_at >= self.period.start else self.steps

    @cached_property
    def peak(self) -> PeakRange[Origin]:
        """Proven by the ledger, and at most when every order on its way is fulfilled."""
        uncertain: list[Change[Origin]] = [
            Change(order.created_at, order.signed_quantity) for order in self.on_their_way
        ]
        return peak_range(self.changes, uncertain, self.period, opening=self.opening)

    @property
    def level(self) -> int:
        """The level that the period ended with, or has now."""
        return self.steps[-1].level

    @property
    def arriving(self) -> int:
        return sum(order.quantity for order in self.on_their_way if order.signed_quantity > 0)

    @property
    def leaving(self) -> int:
        return sum(order.quantity for order in self.on_their_way if order.signed_quantity < 0)

    # --- Money, EUR without VAT, as the statement of the period's month reckons it ---

    @property
    def first(self) -> date:
        """The first day of the month."""
        return first_day_of(self.period)

    @property
    def priced(self) -> bool:
        """Was a price agreed for the month? It may be zero."""
        return self.terms.agreed(self.first)

    @property
    def charge(self) -> Charge:
        """Of the proven peak."""
        return self._charge_of(self.peak.proven.value)

    @property
    def cost(self) -> Decimal:
        return self.cost_of(self.peak.proven.value)

    @property
    def cost_at_most(self) -> Decimal:
        return self.cost_of(self.peak.at_most)

    def cost_of(self, peak: int) -> Decimal:
        """Of the month if `peak` turns out to be its peak; one above the proven one is reached now."""
        return self._charge_of(peak).amount

    def _charge_of(self, peak: int) -> Charge:
        return charge_of(self.terms, self.period, self.peak.proven, peak, at=self.at)

    @property
    def free_units(self) -> int | None:
        """So many cost nothing in the month, counted from now on; None: any number, since the agreed price is zero."""
        return self.terms.free_units(self.first, day_in(self.period, self.at))

    @property
    def paid_for(self) -> int | None:
        """So many may be held until the period ends without costing more: the peak, or what is free of charge; None: any."""
        free = self.free_units
        return None if free is None else max(self.peak.proven.value, free)

    @property
    def headroom(self) -> int | None:
        """So many more cost nothing in this period, those on their way included; None: any number."""
        paid = self.paid_for
        return None if paid is None else max(0, paid - self.level - self.arriving)

    @property
    def next_first(self) -> date:
        return following(self.first)

    @property
    def next_priced(self) -> bool:
        return self.terms.agreed(self.next_first)

    @property
    def next_opening(self) -> int:
        """What the next month opens with when all on its way comes about and nothing else is done."""
        return max(0, self.level + self.arriving - self.leaving)

    @property
    def removing_saves_nothing(self) -> bool:
        """Is what the next month will open with free of charge?"""
        return self.next_priced and not self.next_cost_of(self.next_opening)

    def next_cost_of(self, opening: int) -> Decimal:
        """What the next month costs at least when it opens with so many, by the terms agreed for it."""
        return self.terms.cost(opening, self.next_first)


def charge_of(terms: Terms, period: Period, proven: Peak[Origin], level: int, *, at: datetime) -> Charge:
    """Of the month that is `period` for a peak of `level`, where `proven` is what the ledger shows at the moment `at`."""
    reached_at = proven.at if level <= proven.value else at
    return terms.charge(max(0, level), first_day_of(period), day_in(period, reached_at))


def day_in(period: Period, moment: datetime) -> date:
    """By the calendar of the period; the nearest day in it for a moment outside."""
    last = period.end - timedelta(microseconds=1)
    return min(max(moment, period.start), last).astimezone(period.zone).date()


def usage_now(
    product: Product, on_their_way: Iterable[Order] | None = None, *, terms: Terms | None = None
) -> Usage | None:
    """The levels of `product` (as `for_desk` reads it) in the running month of its contract; None before its ledger was opened.

    `terms` and the orders `on_their_way` are read where they are not given.
    """
    if product.ledger_level is None:  # type: ignore[attr-defined]
        return None
    now = timezone.now()
    terms = terms_of_product(product, now) if terms is None else terms
    return usage_of(product, terms.month(now), on_their_way, terms=terms)


def usage_of(
    product: Product, period: Period, on_their_way: Iterable[Order] | None = None, *, terms: Terms | None = None
) -> Usage | None:
    """The levels of `product` (as `for_desk` reads it) in `period`; None before its ledger was opened."""
    if product.ledger_level is None:  # type: ignore[attr-defined]
        return None
    orders = orders_on_their_way(product) if on_their_way is None else on_their_way
    since = changes_since(product, period.start)
    return Usage(
        product,
        period,
        opening=product.ledger_level - sum(change.quantity for change in since),  # type: ignore[attr-defined]
        changes=[change for change in since if change.at in period],
        on_their_way=[order for order in orders if order.product_id == product.pk],
        terms=terms_of_product(product, period.start) if terms is None else terms,
    )


def changes_since(product: Product, start: datetime) -> list[Change[Origin]]:
    """All changes of the ledger that took effect at `start` or later, with what was behind them."""
    return [
        change for _product_id, change in _with_origin(InventoryChange.objects.filter(product=product).since(start))
    ]


def _with_origin(changes: InventoryChangeQuerySet) -> Iterator[tuple[int, Change[Origin]]]:
    """Of changes as `since` reads them, each with its product's number."""
    rows = changes.values_list(  # type: ignore[misc]
        "product_id", "effective_at", "quantity", "cause", "vendor_at", "order_id", "order__number",
        "order__requested_by__name", "order__requested_by__email",
    )  # fmt: skip
    for product_id, at, quantity, cause, vendor_at, order_id, number, name, email in rows:
        origin = Origin(cause, order_id, number or "", name or email or "", by_vendors_clock=vendor_at is not None)
        yield product_id, Change(at, quantity, origin)


def peaks_of(products: Iterable[Product], periods: Sequence[Period]) -> dict[int, list[PeakRange[Origin] | None]]:
    """By product (as `for_desk` reads it) the peak of each of `periods`, which are in order and end with the running one.

    One query for all. None for a period that was over before the ledger was opened; without a ledger nothing at all.
    """
    opened = [product for product in products if product.ledger_level is not None]  # type: ignore[attr-defined]
    ledgers, moving = _movements(opened, periods[0].start)
    running = periods[-1]
    return {
        product.pk: [
            _peak(product, period, ledgers[product.pk], moving[product.pk] if period is running else [])
            for period in periods
        ]
        for product in opened
    }


def _peak(
    product: Product, period: Period, ledger: list[Change[Origin]], moving: list[Change[Origin]]
) -> PeakRange[Origin] | None:
    since = [change for change in ledger if change.at >= period.start]
    if any(change.cause and change.cause.is_opening and change.at >= period.end for change in since):
        return None
    opening = product.ledger_level - sum(change.quantity for change in since)  # type: ignore[attr-defined]
    return peak_range([change for change in since if change.at in period], moving, period, opening=opening)


Movements = dict[int, list[Change[Origin]]]


def _movements(products: Sequence[Product], start: datetime) -> tuple[Movements, Movements]:
    """By product the changes of the ledger since `start` in their order, and the orders that may still change it."""
    signed = Case(When(type=Order.Type.INCREMENT, then=F("quantity")), default=-F("quantity"))
    changes = InventoryChange.objects.filter(product__in=products).since(start).order_by()
    orders = Order.objects.on_their_way().filter(product__in=products)
    rows = changes.values_list("product_id", "effective_at", "sequence", "quantity", "cause").union(  # type: ignore[misc]
        orders.values_list("product_id", "created_at", "pk", signed, Value(ON_ITS_WAY)), all=True
    )
    ledgers: Movements = {product.pk: [] for product in products}
    moving: Movements = {product.pk: [] for product in products}
    for product_id, at, _sequence, quantity, cause in sorted(rows, key=lambda row: row[:3]):
        kept = moving if cause == ON_ITS_WAY else ledgers
        kept[product_id].append(Change(at, quantity, Origin(cause)))
    return ledgers, moving


def orders_on_their_way(product: Product) -> list[Order]:
    return list(Order.objects.on_their_way().for_list().filter(product=product).order_by("created_at", "pk"))
