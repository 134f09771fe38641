"""A month's peak of every product without reading history: the rows that PostgreSQL keeps of the ledger, read and checked.

They are written by the trigger `rollup` alone (migration 0007). Months are those of `BILLING_ZONE`, named by their first day.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import DateField, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce, JSONObject

from portal.billing.months import BILLING_ZONE, month_of
from portal.billing.peaks import Change, Period, Step, in_order, peak_of, steps
from portal.tenancy.scope import staff_scope
from provisioning.models import EFFECTIVE_AT, InventoryChange, MonthPeak, Product

# The latest row of each product, whatever lies before and after it: as many steps into the index as there are products.
LATEST = """
select kept.* from provisioning_product product
cross join lateral (
  select * from provisioning_monthpeak row where row.product_id = product.id and row.month <= %(month)s
  order by row.month desc limit 1
) kept
where %(products)s::bigint[] is null or product.id = any (%(products)s)
order by product.id"""


@dataclass(frozen=True)
class Month:
    """One month of a product. `opening` None: the ledger began in it. `peak_at` None: it opened with its peak."""

    product_id: int
    month: date
    opening: int | None
    closing: int
    peak: int
    peak_at: datetime | None = None
    peak_change_id: int | None = None
    changes: int = 0
    last_at: datetime | None = None


COLUMNS = [field.name for field in fields(Month)]


def month_peaks(first_day: date, product_ids: Sequence[int] | None = None) -> list[Month]:
    """The month of every product that the scope sees, of those in `product_ids` where they are given.

    One query, whose cost grows with the products. A product whose ledger began later is not among them.
    """
    return [_in_month(_kept(row), first_day) for row in _latest(first_day, product_ids)]


def kept_months(first_day: date) -> ArraySubquery:
    """An annotation of products: their rows from the month of `first_day` on, the one before it where that has none.

    Each is JSON, as `in_months` takes it. Costs as many steps into the index as there are such rows.
    """
    latest = MonthPeak.objects.filter(product=OuterRef(OuterRef("pk")), month__lte=first_day).order_by("-month")
    begins = Coalesce(Subquery(latest.values("month")[:1]), Value(first_day, DateField()))
    rows = MonthPeak.objects.filter(product=OuterRef("pk"), month__gte=begins).order_by("month")
    return ArraySubquery(rows.values(row=JSONObject(**{name: name for name in COLUMNS})))


def in_months(kept: Sequence[Mapping[str, Any]], first_days: Sequence[date]) -> list[Month | None]:
    """Each of the months by a product's rows as `kept_months` reads them; None before its ledger began."""
    rows = [_told(row) for row in kept]
    return [_of_rows(rows, day) for day in first_days]


def peaks_by_month(
    first_days: Sequence[date], product_ids: Sequence[int] | None = None
) -> dict[int, list[Month | None]]:
    """By product each of the months, which are in order; None before its ledger began. One query, however many months."""
    products = Product.objects.all() if product_ids is None else Product.objects.filter(pk__in=product_ids)
    rows = products.annotate(kept=kept_months(first_days[0])).order_by("pk").values_list("pk", "kept")
    found = {product_id: in_months(kept, first_days) for product_id, kept in rows}
    return {product_id: months for product_id, months in found.items() if any(months)}


def _told(row: Mapping[str, Any]) -> Month:
    peak_at, last_at = (row[name] and datetime.fromisoformat(row[name]) for name in ("peak_at", "last_at"))
    return Month(**{**row, "month": date.fromisoformat(row["month"]), "peak_at": peak_at, "last_at": last_at})


def _latest(first_day: date, product_ids: Sequence[int] | None) -> Iterable[MonthPeak]:
    wanted = None if product_ids is None else list(product_ids)
    return MonthPeak.objects.raw(LATEST, {"month": first_day, "products": wanted})


def _of_rows(rows: Sequence[Month], first_day: date) -> Month | None:
    latest = next((row for row in reversed(rows) if row.month <= first_day), None)
    return None if latest is None else _in_month(latest, first_day)


def _in_month(row: Month, first_day: date) -> Month:
    """`row` is the product's latest one up to that month."""
    if row.month == first_day:
        return row
    return Month(row.product_id, first_day, row.closing, row.closing, row.closing)


def _kept(row: MonthPeak) -> Month:
    return Month(*(getattr(row, name) for name in COLUMNS))


def first_day_of(period: Period) -> date:
    """How a month is named that lies around the start of `period`."""
    return month_of(period.start).start.astimezone(BILLING_ZONE).date()


def is_billing_month(period: Period) -> bool:
    """Is it a month of `BILLING_ZONE`, such as the rows are kept for?"""
    return month_of(period.start) == period


# --- Checked against the ledger ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A month of a product where `kept` is not what the ledger comes to. None: there is no row, or there should be none."""

    product: Product
    month: date
    kept: Month | None
    ledger: Month | None

    def __str__(self) -> str:
        where = f"{self.product.tenant}, {self.product.connection}, {self.product}, {self.month:%Y-%m}"
        if self.kept is None:
            return f"{where}: there is no row, though the ledger has changes"
        if self.ledger is None:
            return f"{where}: there is a row, though the ledger has no changes"
        pairs = ((name, getattr(self.kept, name), getattr(self.ledger, name)) for name in COLUMNS)
        return f"{where}: " + ", ".join(
            f"{name} is {kept}, by the ledger {true}" for name, kept, true in pairs if kept != true
        )


def verify(product_ids: Iterable[int]) -> Iterator[Difference]:
    """Compare every row with the ledger, reckoned by `portal.billing.peaks`. Each product is held still meanwhile."""
    for product_id in product_ids:
        with staff_scope():
            yield from _differences(_held_still(product_id))


def rebuild(product_ids: Iterable[int]) -> None:
    """Make the rows anew from the ledger, one product after the other; its orders wait meanwhile."""
    for product_id in product_ids:
        with staff_scope(), connection.cursor() as cursor:
            cursor.execute("select provisioning_rollup_rebuild(%s)", [_held_still(product_id).pk])


def _held_still(product_id: int) -> Product:
    """As the ledger's writers do."""
    return Product.objects.select_for_update(of=("self",)).select_related("tenant", "connection").get(pk=product_id)


def _differences(product: Product) -> Iterator[Difference]:
    kept = {row.month: _kept(row) for row in MonthPeak.objects.filter(product=product)}
    true = {one.month: one for one in months_of_ledger(product)}
    for day in sorted(kept.keys() | true.keys()):
        if kept.get(day) != true.get(day):
            yield Difference(product, day, kept.get(day), true.get(day))


def months_of_ledger(product: Product) -> Iterator[Month]:
    """The months with changes since the ledger began, from nothing but the ledger."""
    entries = InventoryChange.objects.filter(product=product).order_by("sequence")
    changes = [Change(moment, by, pk) for pk, by, moment in entries.values_list("pk", "quantity", EFFECTIVE_AT)]
    if not changes:
        return
    began, ordered = month_of(changes[0].at).start, in_order(changes)
    level = sum(change.quantity for change in ordered if change.at < began)
    since = (change for change in ordered if change.at >= began)
    for period, moved in groupby(since, key=lambda change: month_of(change.at)):
        levels = steps(moved, period, opening=level)
        yield _month(product, period, levels, known=period.start > began)
        level = levels[-1].level


def _month(product: Product, period: Period, levels: list[Step[int]], *, known: bool) -> Month:
    """`known` tells whether the level that it opened with is."""
    peak = peak_of(levels if known else levels[1:])
    return Month(
        product_id=product.pk,
        month=first_day_of(period),
        opening=levels[0].level if known else None,
        closing=levels[-1].level,
        peak=peak.value,
        peak_at=None if peak.carried else peak.at,
        peak_change_id=peak.change.cause if peak.change else None,
        changes=len(levels) - 1,
        last_at=levels[-1].at,
    )
