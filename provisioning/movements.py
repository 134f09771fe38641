"""What moved some products in some times, read at once: entries of the ledger, orders on their way, and what was in use."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    DateTimeField,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)

from portal.billing.months import month_of
from portal.billing.peaks import Change, Period
from portal.operations.models import Operation
from portal.partial_rows import partial_row
from provisioning.models import InventoryChange, Order, Product, UseChange
from provisioning.rollup import Month, first_day_of, in_months
from provisioning.usage import Origin, Usage

ENTRY, ON_ITS_WAY, IN_USE = "entry", "on its way", "in use"
# From a moment on, until just before another or without an end.
Stretch = tuple[datetime, datetime | None]


class Row(NamedTuple):
    """One thing that moved. `number` orders those of one instant, and is an order's id; `quantity` is the number in use where
    that is told; `word` is an entry's cause, an order's status.
    """

    what: str
    product_id: int
    at: datetime
    number: int
    quantity: int | None
    word: str
    by_vendors_clock: bool
    order_id: int | None
    order_number: str | None
    name: str | None
    email: str | None
    operation_id: int | None
    operation_status: str | None


@dataclass(frozen=True)
class InUse:
    """From `at` on."""

    at: datetime
    count: int


@dataclass(frozen=True)
class Movements:
    """By product, each in the order of their effect. What was in use when a stretch began stands at its start."""

    stretches: Sequence[Stretch]
    changes: dict[int, list[Change[Origin]]] = field(default_factory=dict)
    orders: dict[int, list[Order]] = field(default_factory=dict)
    use: dict[int, list[InUse]] = field(default_factory=dict)

    def cover(self, stretches: Iterable[Stretch]) -> bool:
        """Was everything in `stretches` read?"""
        return all(any(_within(span, known) for known in self.stretches) for span in stretches)

    def in_use(self, product_id: int, period: Period) -> list[InUse]:
        """The first as of the period's start, where it was kept by then."""
        kept = self.use.get(product_id, [])
        before = [InUse(period.start, each.count) for each in kept if each.at <= period.start][-1:]
        return before + [each for each in kept if period.start < each.at < period.end]


def stretch_of(period: Period) -> Stretch:
    """All that the levels in a period come from: it, and what of its first month lies before it."""
    return month_of(period.start).start, period.end


def movements(products: Sequence[Product], stretches: Sequence[Stretch]) -> Movements:
    """One query, whatever the number of products and stretches; none without products."""
    found = Movements(stretches)
    if not products:
        return found
    named = {product.pk: product for product in products}
    for row in sorted(_read(list(named), products[0].tenant_id, stretches), key=lambda row: (row.at, row.number)):
        if row.what == ENTRY:
            found.changes.setdefault(row.product_id, []).append(_change(row))
        elif row.what == ON_ITS_WAY:
            found.orders.setdefault(row.product_id, []).append(_order(row, named[row.product_id]))
        elif row.quantity is not None:
            found.use.setdefault(row.product_id, []).append(InUse(row.at, row.quantity))
    return found


def use_in(product: Product, period: Period) -> list[InUse]:
    """How many were in use, the first as of the period's start where it was kept by then. One query."""
    stretches: list[Stretch] = [(period.start, period.end)]
    parts = _use([product.pk], product.tenant_id, stretches)
    rows = sorted((Row(*row) for row in parts[0].union(*parts[1:], all=True)), key=lambda row: (row.at, row.number))
    known = [InUse(row.at, row.quantity) for row in rows if row.quantity is not None]
    return Movements(stretches, use={product.pk: known}).in_use(product.pk, period)


def _within(span: Stretch, known: Stretch) -> bool:
    (start, end), (known_start, known_end) = span, known
    return known_start <= start and (known_end is None or (end is not None and end <= known_end))


# --- Usages ---------------------------------------------------------------------------------------------------------


def usages_in(products: Sequence[Any], period: Period, moved: Movements) -> list[Usage]:
    """The levels in `period` of those `products` whose ledger had begun by its end, also long ago; asks for nothing more.

    `products` have `began_at` and `kept` (`kept_months`); `moved` covers the period (`stretch_of`).
    """
    return [
        _usage(product, period, moved) for product in products if product.began_at and product.began_at < period.end
    ]


def _usage(product: Any, period: Period, moved: Movements) -> Usage:
    (around,) = in_months(product.kept, [first_day_of(period)])
    changes = moved.changes.get(product.pk, [])
    return Usage(
        product,
        period,
        opening=_opening(around, changes, period),
        changes=[change for change in changes if change.at in period],
        on_their_way=[order for order in moved.orders.get(product.pk, []) if order.created_at < period.end],
        began_at=product.began_at,
    )


def _opening(around: Month | None, changes: Sequence[Change[Origin]], period: Period) -> int:
    """From what the month around the period's start opened with; None: the ledger began after that month.

    Where the ledger began in it, from what it closed with, less its changes.
    """
    starts = month_of(period.start)
    base = around.opening if around else 0
    if around and base is None:
        base = around.closing - sum(change.quantity for change in changes if change.at in starts)
    return (base or 0) + sum(change.quantity for change in changes if starts.start <= change.at < period.start)


# --- Reading --------------------------------------------------------------------------------------------------------


def _read(product_ids: Sequence[int], tenant_id: int, stretches: Sequence[Stretch]) -> Iterable[Row]:
    """The ledger's entries first: their columns give the types."""
    parts = [_orders(product_ids, stretches), *_use(product_ids, tenant_id, stretches)]
    for row in _entries(product_ids, tenant_id, stretches).union(*parts, all=True):
        yield Row(*row)


def _entries(product_ids: Sequence[int], tenant_id: int, stretches: Sequence[Stretch]) -> QuerySet[Any, Any]:
    rows = InventoryChange.objects.filter(tenant=tenant_id, product__in=product_ids)
    rows = rows.since(min(start for start, _end in stretches)).order_by()
    return rows.filter(_any_of("effective_at", stretches)).values_list(
        Value(ENTRY), "product_id", "effective_at", "sequence", "quantity", "cause",
        ExpressionWrapper(Q(vendor_at__isnull=False), BooleanField()), "order_id", "order__number",
        "order__requested_by__name", "order__requested_by__email", _no_id(), _no_text(),
    )  # fmt: skip


def _orders(product_ids: Sequence[int], stretches: Sequence[Stretch]) -> QuerySet[Any, Any]:
    signed = Case(When(type=Order.Type.INCREMENT, then=F("quantity")), default=-F("quantity"))
    rows = Order.objects.on_their_way().filter(product__in=product_ids).order_by()
    return rows.filter(_before_any_end(stretches)).values_list(
        Value(ON_ITS_WAY), "product_id", "created_at", "pk", signed, "status", Value(False), "pk", "number",
        _no_text(), _no_text(), "operation_id", "operation__status",
    )  # fmt: skip


def _use(product_ids: Sequence[int], tenant_id: int, stretches: Sequence[Stretch]) -> list[QuerySet[Any, Any]]:
    rows = UseChange.objects.filter(tenant=tenant_id, product__in=product_ids).order_by()
    inside = rows.filter(_any_of("at", stretches)).values_list(
        Value(IN_USE), "product_id", "at", "pk", "in_use", *_nothing()
    )
    return [inside, *(_use_before(product_ids, start) for start in sorted({start for start, _end in stretches}))]


def _use_before(product_ids: Sequence[int], start: datetime) -> QuerySet[Any, Any]:
    """As of `start`; without a number where it was not kept by then."""
    earlier = UseChange.objects.filter(tenant=OuterRef("tenant"), product=OuterRef("pk"), at__lt=start)
    latest = Subquery(earlier.order_by("-at", "-pk").values("in_use")[:1])
    at, first = Value(start, DateTimeField()), Value(0, BigIntegerField())
    rows = Product.objects.filter(pk__in=product_ids).order_by()
    return rows.values_list(Value(IN_USE), "pk", at, first, latest, *_nothing())


def _nothing() -> list[Any]:
    """In place of what an entry and an order have beside their quantity."""
    return [Value(""), Value(False), _no_id(), *(_no_text() for _ in range(3)), _no_id(), _no_text()]


def _no_id() -> Value:
    return Value(None, BigIntegerField())


def _no_text() -> Value:
    return Value(None, CharField())


def _any_of(name: str, stretches: Sequence[Stretch]) -> Q:
    found = Q()
    for start, end in stretches:
        found |= Q(**{f"{name}__gte": start}) & (Q(**{f"{name}__lt": end}) if end else Q())
    return found


def _before_any_end(stretches: Sequence[Stretch]) -> Q:
    ends = [end for _start, end in stretches if end is not None]
    return Q(created_at__lt=max(ends)) if len(ends) == len(stretches) else Q()


def _change(row: Row) -> Change[Origin]:
    who = row.name or row.email or ""
    origin = Origin(row.word, row.order_id, row.order_number or "", who, by_vendors_clock=row.by_vendors_clock)
    return Change(row.at, row.quantity or 0, origin)


def _order(row: Row, product: Product) -> Order:
    """As much of it as a statement says."""
    signed = row.quantity or 0
    kind = Order.Type.INCREMENT if signed > 0 else Order.Type.DECREMENT
    values = {"id": row.number, "tenant_id": product.tenant_id, "product_id": product.pk, "type": kind.value}
    values |= {"quantity": abs(signed), "status": row.word, "number": row.order_number, "created_at": row.at}
    order = partial_row(Order, values)
    order.product = product
    known = {"id": row.operation_id, "tenant_id": product.tenant_id, "status": row.operation_status}
    order.operation = partial_row(Operation, known) if row.operation_id else None
    return order
