"""Products as meters of the statement: each is charged by its month's peak."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import transaction
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy, gettext_noop

from portal.billing import meters
from portal.billing.lines import before
from portal.billing.meters import Blocker, Level, MeterKind, Reading, Span, Unsettled
from portal.billing.peaks import Period, Step, held, peak_of, peaks
from portal.operations.models import Operation, Status
from portal.partial_rows import as_json, partial_row
from portal.sentences import Sentence, untranslated
from portal.vendors.models import SEALED_OF_CONNECTION
from provisioning import thresholds
from provisioning.invoiced import INVOICING
from provisioning.models import EFFECTIVE_AT, Drift, InventoryChange, Order, Product
from provisioning.movements import InUse, Movements, Stretch, movements, stretch_of, usages_in
from provisioning.rollup import Month, first_day_of, in_months, is_billing_month, kept_months
from provisioning.terms import METER
from provisioning.usage import Usage

KEY = METER


def register() -> None:
    meters.register(
        MeterKind(
            KEY,
            gettext_lazy("Video products"),
            read,
            blockers,
            apply,
            url_name="provisioning:product",
            history=history,
            names=names,
            opened=VideoMeters,
            invoicing=INVOICING,
        )
    )


class VideoMeters:
    """A tenant's products as meters of months from that of the day `since` on: one query for what they are, one for what moved.

    What is read stays for as long as this is used. With `closing` the first query reads what stands in the way, too.
    """

    def __init__(self, tenant_id: int, since: date, closing: bool = False) -> None:
        # A month of another zone may begin in the one before.
        self._tenant_id, self._since, self._closing = tenant_id, before(since.replace(day=1)), closing
        self._moved = Movements([])

    def read(self, spans: Sequence[Span]) -> list[list[Reading]]:
        """Of those whose ledger had begun by each period's end; the changes of these periods only."""
        moved = self._movements([stretch_of(period) for period, _object_ids in spans])
        return [
            [_reading(usage, moved) for usage in usages_in(self._of(object_ids), period, moved)]
            for period, object_ids in spans
        ]

    def history(self, periods: Sequence[Period]) -> dict[int, list[int | None]]:
        """From the kept months, which is no further query; from all changes since where a zone has other months."""
        if all(is_billing_month(period) for period in periods):
            days = [first_day_of(period) for period in periods]
            months = {product.pk: in_months(product.kept, days) for product in self._products}  # type: ignore[attr-defined]
            return {pk: [_peak(one) for one in found] for pk, found in months.items() if any(found)}
        whole = Period(periods[0].start, periods[-1].end)
        # Without an end: what is asked for next lies after these months.
        moved = self._movements([(stretch_of(whole)[0], None)])
        return {usage.product.pk: _values(usage, periods) for usage in usages_in(self._products, whole, moved)}

    def blockers(self, period: Period) -> list[Blocker]:
        """What was begun before the period's end and has not ended, what differs, and what was not read since."""
        if not self._closing:
            return VideoMeters(self._tenant_id, self._since, True).blockers(period)
        usages = usages_in(self._products, period, self._movements([stretch_of(period)]))
        products: list[Any] = [usage.product for usage in usages]
        moving = [
            (product, order) for product, usage in zip(products, usages, strict=True) for order in usage.on_their_way
        ]
        return [
            *(_order_blocker(product.slug, order) for product, order in moving),
            *(_operation_blocker(slug, operation) for slug, operation in _operations(products, period)),
            *(_difference_blocker(slug, drift) for slug, drift in _differences(products)),
            *_stale(products, period),
        ]

    @cached_property
    def _products(self) -> list[Product]:
        """With mirror, beginning and kept months, and without sealed fields."""
        first = InventoryChange.objects.filter(product=OuterRef("pk")).order_by("sequence")
        rows = Product.objects.filter(tenant=self._tenant_id).select_related("connection__mirror").annotate(
            slug=F("tenant__slug"), began_at=Subquery(first.values(at=EFFECTIVE_AT)[:1]), kept=kept_months(self._since)
        )  # fmt: skip
        rows = rows.annotate(**_in_the_way()) if self._closing else rows
        return list(rows.defer(*SEALED_OF_CONNECTION).order_by("connection__name", "name"))

    def _of(self, object_ids: Sequence[int] | None) -> list[Product]:
        return [product for product in self._products if object_ids is None or product.pk in object_ids]

    def _movements(self, stretches: Sequence[Stretch]) -> Movements:
        if not self._moved.cover(stretches):
            ends = [end for _start, end in stretches]
            begun = [product for product in self._products if _began_before(product, ends)]
            self._moved = movements(begun, stretches)
        return self._moved


def _peak(kept: Month | None) -> int | None:
    return None if kept is None else max(0, kept.peak)


def _began_before(product: Any, ends: Sequence[datetime | None]) -> bool:
    """Does its ledger reach into any of the times that end so?"""
    return product.began_at is not None and any(end is None or product.began_at < end for end in ends)


# --- What they showed ----------------------------------------------------------------------------------------------


def read(tenant_id: int, period: Period, object_ids: Sequence[int] | None = None) -> list[Reading]:
    """Those whose ledger had begun by the period's end; two queries, and the changes of that period only."""
    return VideoMeters(tenant_id, first_day_of(period)).read([(period, object_ids)])[0]


def history(tenant_id: int, periods: Sequence[Period]) -> Mapping[int, Sequence[int | None]]:
    """The peak of each of `periods` by product: from the kept months, or from the ledger where a zone has other months."""
    return VideoMeters(tenant_id, first_day_of(periods[0])).history(periods)


def _reading(usage: Usage, moved: Movements) -> Reading:
    """The peak is the ledger's alone; what was in use only stands beside it."""
    found, product = usage.known_steps, usage.product
    peak, until = peak_of(found), max(usage.period.start, min(timezone.now(), usage.period.end))
    longest = held(found, until, usage.period.zone)
    origin = peak.change.cause if peak.change else None
    levels = levels_of(found, moved.in_use(product.pk, usage.period))
    return Reading(
        object_id=product.pk,
        label=_name(product),
        value=max(0, peak.value),
        at_most=max(0, peak.value, usage.peak.at_most),
        opening=max(0, usage.opening),
        closing=max(0, usage.level),
        reached_at=None if peak.carried else peak.at,
        by_vendors_clock=origin is not None and origin.by_vendors_clock,
        order=origin.number if origin else "",
        person=origin.who if origin else "",
        lasted=longest.lasted,
        days=longest.days,
        highest_use=_highest_use(levels),
        levels=levels,
        unsettled=[_unsettled(order) for order in usage.on_their_way],
        read_at=_read_at(product),
        moments=longest.moments,
    )


def levels_of(found: Sequence[Step[Any]], use: Sequence[InUse]) -> list[Level]:
    """The levels of the stock with what was in use of it: one more wherever only that changed.

    Clocks that disagree can bring either below nothing for a moment; there is no such stock.
    """
    moves = [*((step.at, 0, step.level) for step in found), *((each.at, 1, each.count) for each in use)]
    levels: list[Level] = []
    total, in_use = None, None
    for at, told, count in sorted(moves, key=lambda move: move[:2]):
        total, in_use = (max(0, count), in_use) if told == 0 else (total, max(0, count))
        if total is None:
            continue
        if told and levels[-1].at == at:
            levels.pop()
        levels.append(Level(at, total, in_use))
    return levels


def _highest_use(levels: Sequence[Level]) -> int | None:
    known = [level.in_use for level in levels if level.in_use is not None]
    return max(known) if known and len(known) == len(levels) else None


def names(object_ids: Sequence[int]) -> dict[int, str]:
    found = Product.objects.filter(pk__in=object_ids).select_related("connection")
    return {
        product.pk: _name(product) for product in found.only("name", "connection__name", "tenant", "connection__tenant")
    }


def _name(product: Product) -> str:
    return f"{product.connection.name}: {product.name}"


def _unsettled(order: Order) -> Unsettled:
    return Unsettled(
        text=order.number or str(order),
        quantity=order.signed_quantity,
        since=order.created_at,
        condition=order.condition,
        url_name="provisioning:order",
        object_id=order.pk,
    )


def _read_at(product: Product) -> datetime | None:
    mirror = getattr(product.connection, "mirror", None)
    return mirror.read_at if mirror else None


def _values(usage: Usage, periods: Sequence[Period]) -> list[int | None]:
    found = peaks(usage.changes, periods, opening=usage.opening)
    began = usage.began_at or periods[0].start
    return [max(0, one.value) if began < period.end else None for one, period in zip(found, periods, strict=True)]


# --- What stands in the way of closing -----------------------------------------------------------------------------


def blockers(tenant_id: int, period: Period) -> list[Blocker]:
    """What was begun before the period's end and has not ended, what differs, and what was not read since."""
    return VideoMeters(tenant_id, first_day_of(period), True).blockers(period)


def _in_the_way() -> dict[str, ArraySubquery]:
    """Of each product: what is open in its lane (orders are told as such), and the differences that the ledger would follow.

    How many products are in use moves no peak.
    """
    lane = Concat(Value(Product(name="").lane), OuterRef("name"))
    operations = Operation.objects.open().filter(connection=OuterRef("connection"), lane=lane, order=None)
    drifts = Drift.objects.open().filter(connection=OuterRef("connection")).exclude(kind=Drift.Kind.IN_USE)
    return {
        "operations": ArraySubquery(
            operations.order_by("pk").values(row=as_json("id", "label", "status", "created_at"))
        ),
        "differences": ArraySubquery(drifts.order_by("pk").values(row=as_json("id", "kind"))),
    }


def _operations(products: Sequence[Any], period: Period) -> list[tuple[str, Operation]]:
    found = [(product.slug, partial_row(Operation, row)) for product in products for row in product.operations]
    return [(slug, operation) for slug, operation in found if operation.created_at < period.end]


def _differences(products: Sequence[Any]) -> Iterable[tuple[str, Drift]]:
    """Each once: those of a connection are told with each of its products."""
    found = {row["id"]: (product.slug, partial_row(Drift, row)) for product in products for row in product.differences}
    return found.values()


def _order_blocker(slug: str, order: Order) -> Blocker:
    called = {"order": order.number or str(order)}
    text = Sentence(gettext_noop("The order %(order)s has not been fulfilled or refused yet."), called)
    return Blocker(text, reverse("provisioning:order", args=[slug, order.pk]))


def _operation_blocker(slug: str, operation: Operation) -> Blocker:
    status = untranslated(Status(operation.status).label)
    text = Sentence(gettext_noop("“%(what)s” has not ended: %(status)s."), {"what": str(operation), "status": status})
    return Blocker(text, reverse("operations:operation", args=[slug, operation.pk]))


def _difference_blocker(slug: str, drift: Drift) -> Blocker:
    kind = untranslated(Drift.Kind(drift.kind).label)
    text = Sentence(gettext_noop("A difference has not been decided: %(what)s."), {"what": kind})
    return Blocker(text, reverse("provisioning:difference", args=[slug, drift.pk]))


def _stale(products: Sequence[Any], period: Period) -> Iterator[Blocker]:
    """One for each connection that was not read since the period ended."""
    connections = {product.connection_id: product for product in products}
    for connection_id, product in connections.items():
        read_at = _read_at(product)
        if read_at is None or read_at < period.end:
            text = gettext_noop("%(connection)s has not been read since the month ended.")
            said = Sentence(text, {"connection": product.connection.name})
            address = reverse("provisioning:dashboard", args=[product.slug])
            yield Blocker(said, f"{address}?connection={connection_id}")


# --- What was agreed -----------------------------------------------------------------------------------------------


@transaction.atomic
def apply(object_id: int, unit_price: Decimal, limit_eur: Decimal | None) -> None:
    """Keep the terms in force with the product; thresholds of cost and limit are looked at."""
    product = Product.objects.select_for_update(of=("self",)).get(pk=object_id)
    if (product.unit_price, product.limit_eur) != (unit_price, limit_eur):
        product.unit_price, product.limit_eur = unit_price, limit_eur
        product.save(update_fields=["unit_price", "limit_eur"])
    # Free units may have changed as well.
    thresholds.look(product)
