"""What this app contributes to money: the levels of a product in a period, and the changes behind them.

A month's cost grows with its own changes, not with the history before it: the level it opened with is the present one less
what changed since.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, F, OuterRef, Subquery, Value, When

from portal.billing.months import month_of
from portal.billing.peaks import Change, PeakRange, Period, Step, peak_range, steps
from provisioning.models import EFFECTIVE_AT, InventoryChange, InventoryChangeQuerySet, Order, Product
from provisioning.rollup import Month, first_day_of, month_peaks

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

    `began_at` is when the ledger began, where that was asked for: the level before is not known.
    """

    product: Product
    period: Period
    opening: int
    changes: list[Change[Origin]]
    on_their_way: list[Order]
    began_at: datetime | None = None

    @property
    def steps(self) -> list[Step[Origin]]:
        return steps(self.changes, self.period, opening=self.opening)

    @property
    def known_steps(self) -> list[Step[Origin]]:
        """Without the level that the period opened with, where that is not known."""
        return self.steps[1:] if self.began_at and self.began_at >= self.period.start else self.steps

    @property
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
    def headroom(self) -> int:
        """So many more products cost nothing in this period, those on their way included."""
        return max(0, self.peak.proven.value - self.level - self.arriving)

    @property
    def arriving(self) -> int:
        return sum(order.quantity for order in self.on_their_way if order.signed_quantity > 0)

    @property
    def leaving(self) -> int:
        return sum(order.quantity for order in self.on_their_way if order.signed_quantity < 0)

    @property
    def cost(self) -> Decimal:
        """Of the proven peak, in EUR for the month."""
        return self.product.unit_price * self.peak.proven.value

    @property
    def cost_at_most(self) -> Decimal:
        return self.product.unit_price * self.peak.at_most


def usage_of(product: Product, period: Period, on_their_way: Iterable[Order] | None = None) -> Usage | None:
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


def usages_in(products: Sequence[Product], period: Period) -> list[Usage]:
    """The levels in `period` of those `products` whose ledger had begun by its end, also long ago; four queries for all.

    Reads the changes of the period (and of the month around its start), whatever the history before and after.
    """
    began = _beginnings(products)
    known = [product for product in products if product.pk in began and began[product.pk] < period.end]
    around = month_of(period.start)
    kept = {one.product_id: one for one in month_peaks(first_day_of(around), [product.pk for product in known])}
    changes = _changes_until(known, around.start, period.end)
    moving = Order.objects.on_their_way().for_list().filter(product__in=known, created_at__lt=period.end)
    orders = list(moving.order_by("created_at", "pk"))
    return [
        Usage(
            product,
            period,
            opening=_opening(kept.get(product.pk), changes[product.pk], period),
            changes=[change for change in changes[product.pk] if change.at in period],
            on_their_way=[order for order in orders if order.product_id == product.pk],
            began_at=began[product.pk],
        )
        for product in known
    ]


def _beginnings(products: Sequence[Product]) -> dict[int, datetime]:
    """By product when its ledger's first entry took effect."""
    entries = InventoryChange.objects.filter(product=OuterRef("pk")).order_by("sequence")
    first = Subquery(entries.values(at=EFFECTIVE_AT)[:1])
    rows = Product.objects.filter(pk__in=[product.pk for product in products]).annotate(began_at=first)
    return dict(rows.exclude(began_at=None).order_by().values_list("pk", "began_at"))


def _changes_until(products: Sequence[Product], start: datetime, end: datetime) -> dict[int, list[Change[Origin]]]:
    changes: dict[int, list[Change[Origin]]] = {product.pk: [] for product in products}
    entries = InventoryChange.objects.filter(product__in=products).since(start)
    for product_id, change in _with_origin(entries.filter(effective_at__lt=end)):  # type: ignore[misc]
        changes[product_id].append(change)
    return changes


def _opening(kept: Month | None, changes: Sequence[Change[Origin]], period: Period) -> int:
    """From what the month around the period's start closed with; None: the ledger began after that month."""
    around = month_of(period.start)
    base = 0 if kept is None else kept.closing - sum(change.quantity for change in changes if change.at in around)
    return base + sum(change.quantity for change in changes if change.at < period.start)


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
