"""Products as meters of the statement: each is charged by its month's peak."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal.billing import meters
from portal.billing.meters import Blocker, Level, MeterKind, Reading, Unsettled
from portal.billing.peaks import Period, held, peak_of, peaks
from portal.operations.models import Operation
from portal.tenancy.models import Tenant
from provisioning import thresholds
from provisioning.models import Drift, Order, Product
from provisioning.rollup import first_day_of, is_billing_month, peaks_by_month
from provisioning.usage import Usage, usages_in

KEY = "provisioning.product"


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
        )
    )


# --- What they showed ----------------------------------------------------------------------------------------------


def read(tenant_id: int, period: Period, object_ids: Sequence[int] | None = None) -> list[Reading]:
    """Those whose ledger had begun by the period's end; five queries, and the changes of that period only."""
    products = _products(tenant_id)
    if object_ids is not None:
        products = [product for product in products if product.pk in object_ids]
    return [_reading(usage) for usage in usages_in(products, period)]


def _products(tenant_id: int) -> list[Product]:
    products = Product.objects.filter(tenant=tenant_id).select_related("connection__mirror")
    return list(
        products.defer("connection__client_id", "connection__client_secret").order_by("connection__name", "name")
    )


def _reading(usage: Usage) -> Reading:
    levels, product = usage.known_steps, usage.product
    peak, until = peak_of(levels), max(usage.period.start, min(timezone.now(), usage.period.end))
    longest = held(levels, until, usage.period.zone)
    origin = peak.change.cause if peak.change else None
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
        # Clocks that disagree can bring a level below nothing for a moment; there is no such stock.
        levels=[Level(step.at, max(0, step.level)) for step in levels],
        unsettled=[_unsettled(order) for order in usage.on_their_way],
        read_at=_read_at(product),
        moments=longest.moments,
    )


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


def history(tenant_id: int, periods: Sequence[Period]) -> Mapping[int, Sequence[int | None]]:
    """The peak of each of `periods` by product: from the kept months, or from the ledger where a zone has other months."""
    products = _products(tenant_id)
    if all(is_billing_month(period) for period in periods):
        months = peaks_by_month([first_day_of(period) for period in periods], [product.pk for product in products])
        return {
            pk: [None if one is None else max(0, one.peak) for one in of_product] for pk, of_product in months.items()
        }
    whole = Period(periods[0].start, periods[-1].end)
    return {usage.product.pk: _values(usage, periods) for usage in usages_in(products, whole)}


def _values(usage: Usage, periods: Sequence[Period]) -> list[int | None]:
    found = peaks(usage.changes, periods, opening=usage.opening)
    began = usage.began_at or periods[0].start
    return [max(0, one.value) if began < period.end else None for one, period in zip(found, periods, strict=True)]


# --- What stands in the way of closing -----------------------------------------------------------------------------


def blockers(tenant_id: int, period: Period) -> list[Blocker]:
    """What was begun before the period's end and has not ended, what differs, and what was not read since."""
    usages = usages_in(_products(tenant_id), period)
    if not usages:
        return []
    slug = Tenant.objects.values_list("slug", flat=True).get(pk=tenant_id)
    products = [usage.product for usage in usages]
    orders = [order for usage in usages for order in usage.on_their_way]
    return [
        *(_order_blocker(slug, order) for order in orders),
        *(_operation_blocker(slug, operation) for operation in _operations(products, period)),
        *(_difference_blocker(slug, drift) for drift in _differences(products)),
        *_stale(slug, products, period),
    ]


def _operations(products: Sequence[Product], period: Period) -> Iterable[Operation]:
    """In the products' lanes, orders aside, which are told as such."""
    lanes = Q()
    for product in products:
        lanes |= Q(connection=product.connection_id, lane=product.lane)
    return Operation.objects.open().filter(lanes, created_at__lt=period.end, order=None).order_by("pk")


def _differences(products: Sequence[Product]) -> Iterable[Drift]:
    """Those that the ledger would follow; how many products are in use moves no peak."""
    connections = {product.connection_id for product in products}
    return Drift.objects.open().filter(connection__in=connections).exclude(kind=Drift.Kind.IN_USE).order_by("pk")


def _order_blocker(slug: str, order: Order) -> Blocker:
    text = _("The order %(order)s has not been fulfilled or refused yet.") % {"order": order.number or order}
    return Blocker(text, reverse("provisioning:order", args=[slug, order.pk]))


def _operation_blocker(slug: str, operation: Operation) -> Blocker:
    text = _("“%(what)s” has not ended: %(status)s.") % {"what": operation, "status": operation.get_status_display()}
    return Blocker(text, reverse("operations:operation", args=[slug, operation.pk]))


def _difference_blocker(slug: str, drift: Drift) -> Blocker:
    text = _("A difference has not been decided: %(what)s.") % {"what": drift.get_kind_display()}
    return Blocker(text, reverse("provisioning:difference", args=[slug, drift.pk]))


def _stale(slug: str, products: Sequence[Product], period: Period) -> Iterator[Blocker]:
    """One for each connection that was not read since the period ended."""
    connections = {product.connection_id: product for product in products}
    for connection_id, product in connections.items():
        read_at = _read_at(product)
        if read_at is None or read_at < period.end:
            text = _("%(connection)s has not been read since the month ended.") % {
                "connection": product.connection.name
            }
            yield Blocker(text, f"{reverse('provisioning:dashboard', args=[slug])}?connection={connection_id}")


# --- What was agreed -----------------------------------------------------------------------------------------------


@transaction.atomic
def apply(object_id: int, unit_price: Decimal, limit_eur: Decimal | None) -> None:
    """Keep the terms in force with the product; thresholds of cost and limit are looked at."""
    product = Product.objects.select_for_update(of=("self",)).get(pk=object_id)
    if (product.unit_price, product.limit_eur) == (unit_price, limit_eur):
        return
    product.unit_price, product.limit_eur = unit_price, limit_eur
    product.save(update_fields=["unit_price", "limit_eur"])
    thresholds.look(product)
