"""What this app contributes to money: the levels of a product in a period, and the changes behind them.

A month's cost grows with its own changes, not with the history before it: the level it opened with is the present one less
what changed since.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, F, Value, When

from portal.billing.peaks import Change, PeakRange, Period, Step, peak_range, steps
from provisioning.models import InventoryChange, Order, Product

ON_ITS_WAY = "on its way"


@dataclass(frozen=True)
class Origin:
    """What was behind a change of the inventory. `who` is "" when nobody of the portal asked for it."""

    kind: str
    order_id: int | None = None
    number: str = ""
    who: str = ""

    @property
    def is_order(self) -> bool:
        return self.order_id is not None

    @property
    def is_opening(self) -> bool:
        return self.kind == InventoryChange.Cause.OPENING


@dataclass(frozen=True)
class Usage:
    """A product's levels in a period. `on_their_way` are orders that may still change them."""

    product: Product
    period: Period
    opening: int
    changes: list[Change[Origin]]
    on_their_way: list[Order]

    @property
    def steps(self) -> list[Step[Origin]]:
        return steps(self.changes, self.period, opening=self.opening)

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
    rows = (
        InventoryChange.objects.filter(product=product)
        .since(start)
        .values_list(  # type: ignore[misc]
            "effective_at", "quantity", "cause", "order_id", "order__number",
            "order__requested_by__name", "order__requested_by__email",
        )
    )  # fmt: skip
    return [
        Change(at, quantity, Origin(cause, order_id, number or "", name or email or ""))
        for at, quantity, cause, order_id, number, name, email in rows
    ]


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
