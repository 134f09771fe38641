"""Video on a tenant's first page: what is wrong or undone, what it costs, the stock, and the steps to the first subscriber."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from portal.billing.peaks import Peak, PeakRange, Period
from portal.billing.terms import Terms, first_day_of
from portal.tenancy.roles import Role
from portal.ui.charges import Charge
from portal.ui.first_steps import Step
from portal.ui.home import Matter
from portal.vendors.home import differing, stale
from provisioning.models import Order, Product, Subscriber
from provisioning.terms import terms_of_product, with_terms
from provisioning.usage import Origin, charge_of, peaks_of

VENDOR = "kandy"
CARDS_SHOWN = 4

Months = tuple[Period, Period]


def stock_card(request: HttpRequest) -> tuple[str, Mapping[str, Any]] | None:
    """Stock of the first connections; stays away from tenants without video."""
    products = _products(request)
    shown, more = products[:CARDS_SHOWN], len(products[CARDS_SHOWN:])
    return ("provisioning/_home_card.html", {"products": shown, "more": more}) if products else None


def charges(request: HttpRequest, period: Period) -> Iterator[Charge]:
    """Each product by its peak of the running month, on the calendar and by the terms of its contract."""
    by_months: dict[Months, list[Product]] = {}
    for product in _products(request):
        by_months.setdefault(_months(product), []).append(product)
    # One query for each calendar by which months are charged.
    for months, products in by_months.items():
        peaks = peaks_of(products, months)
        for product in products:
            before, peak = peaks.get(product.pk, (None, None))
            if peak is not None:
                yield _charge(request, product, peak, before)


def matters(request: HttpRequest) -> Iterator[Matter]:
    """What all products together have to tell: one matter of a kind, however many products there are."""
    products = [product for product in _products(request) if product.connection.enabled]
    for found in (_differences, _stale, _lost_credentials, _few_free, _overdue, _unpriced):
        matter = found(request, products)
        if matter:
            yield matter


def steps(request: HttpRequest) -> list[Step]:
    """The first order and the first subscriber, also while nothing is connected: they are what it is for."""
    slug, products = _slug(request), _products(request)
    ordered = any(product.ever_ordered or product.ledger_level for product in products)  # type: ignore[attr-defined]
    return [
        Step(
            _("Place the first order"),
            _("Each subscriber takes one product. What the order costs this month is shown before it is placed."),
            done=ordered,
            act=_("Order products"),
            url=reverse("provisioning:order_new", args=[slug]),
            role=Role.OPERATOR,
        ),
        Step(
            _("Create the first subscriber"),
            _("A user of your application, with credentials and a snippet to sign in with."),
            done=any(product.ever_subscribed for product in products),  # type: ignore[attr-defined]
            act=_("Add a subscriber"),
            url=reverse("provisioning:subscriber_new", args=[slug]),
            role=Role.OPERATOR,
        ),
    ]


def _products(request: HttpRequest) -> list[Product]:
    """Read once for all of it."""
    if not hasattr(request, "home_products"):
        mine = {"product": OuterRef("pk")}
        products = with_terms(Product.objects.for_desk()).with_attention().filter(connection__vendor=VENDOR)
        request.home_products = list(  # type: ignore[attr-defined]
            products.annotate(
                ever_ordered=Exists(Order.objects.filter(**mine).exclude(status=Order.Status.FAILED)),
                ever_subscribed=Exists(Subscriber.objects.filter(**mine).exclude(state=Subscriber.State.FAILED)),
                waits_long=Exists(
                    Order.objects.filter(**mine, status=Order.Status.PENDING, created_at__lt=_patience())
                ),
            )
        )
    return request.home_products  # type: ignore[attr-defined]


def _patience() -> Any:
    return timezone.now() - timedelta(seconds=settings.ORDER_PATIENCE_SECONDS)


def _slug(request: HttpRequest) -> str:
    return request.tenant.slug  # type: ignore[attr-defined]


def _url(request: HttpRequest, name: str, connection_pk: int) -> str:
    return f"{reverse(f'provisioning:{name}', args=[_slug(request)])}?connection={connection_pk}"


# --- Money --------------------------------------------------------------------------------------------------------


def _months(product: Product) -> Months:
    """The month before the running one, and that one."""
    terms = terms_of_product(product)
    running = terms.month(timezone.now())
    return terms.month(running.start - timedelta(days=1)), running


def _charge(
    request: HttpRequest, product: Product, peak: PeakRange[Origin], before: PeakRange[Origin] | None
) -> Charge:
    last, running = _months(product)
    terms, proven = terms_of_product(product), peak.proven
    return Charge(
        label=product.connection.name,
        url=_url(request, "dashboard", product.connection_id),
        peak=proven.value,
        peak_at=None if proven.carried else proven.at,
        peak_at_most=peak.at_most,
        cost=_cost(terms, running, proven, proven.value),
        cost_at_most=_cost(terms, running, proven, peak.at_most),
        last_cost=_cost(terms, last, before.proven, before.proven.value) if before else None,
        zone=terms.zone(first_day_of(running)).key,
    )


def _cost(terms: Terms, period: Period, proven: Peak[Origin], level: int) -> Decimal | None:
    """None where no price was agreed."""
    if not terms.agreed(first_day_of(period)):
        return None
    return charge_of(terms, period, proven, level, at=timezone.now()).amount


# --- What is wrong or undone --------------------------------------------------------------------------------------


def _differences(request: HttpRequest, products: list[Product]) -> Matter | None:
    counts = {one.connection_id: one.differences for one in products}  # type: ignore[attr-defined]
    return differing(counts, lambda pk: _url(request, "differences", pk))


def _stale(request: HttpRequest, products: list[Product]) -> Matter | None:
    """What was never read, or waits for the vendor to be back, is told of the connection already."""
    connections = {one.connection_id: one.connection for one in products if not one.connection.health.trouble}
    mirrors = [(pk, one.name, one.mirror.read_at) for pk, one in connections.items()]
    return stale(mirrors, lambda pk: _url(request, "dashboard", pk))


def _lost_credentials(request: HttpRequest, products: list[Product]) -> Matter | None:
    lost = [product for product in products if product.lost_credentials]  # type: ignore[attr-defined]
    if not lost:
        return None
    count = sum(product.lost_credentials for product in lost)  # type: ignore[attr-defined]
    text = ngettext(
        "The credentials of %(n)d subscriber were lost on their way.",
        "The credentials of %(n)d subscribers were lost on their way.",
        count,
    )
    url = f"{reverse('provisioning:subscribers', args=[_slug(request)])}?state=lost"
    return Matter("warning", text % {"n": count}, url, _("See which"), Role.OPERATOR)


def _few_free(request: HttpRequest, products: list[Product]) -> Matter | None:
    """Below what somebody asked to be told of."""
    few = [one for one in products if one.warn_free_below is not None and _free(one) < one.warn_free_below]
    if not few:
        return None
    url = _url(request, "order_new", few[0].connection_id)
    text = ngettext(
        "%(connection)s has only %(n)d free product.", "%(connection)s has only %(n)d free products.", _free(few[0])
    )
    values = {"connection": few[0].connection.name, "n": _free(few[0])}
    return Matter("warning", text % values, url, _("Order products"), Role.OPERATOR)


def _free(product: Product) -> int:
    inventory = getattr(product, "inventory", None)
    return inventory.available if inventory else 0


def _overdue(request: HttpRequest, products: list[Product]) -> Matter | None:
    late = [product for product in products if product.waits_long]  # type: ignore[attr-defined]
    if not late:
        return None
    url = f"{reverse('provisioning:orders', args=[_slug(request)])}?status=moving"
    text = _("An order of %(connection)s has been pending at the vendor for long.")
    return Matter(
        "warning", text % {"connection": late[0].connection.name}, url, _("What to tell the vendor"), Role.OPERATOR
    )


def _unpriced(request: HttpRequest, products: list[Product]) -> Matter | None:
    now = timezone.now()
    unpriced = [product for product in products if not terms_of_product(product).agreed_at(now)]
    if not unpriced:
        return None
    url = reverse("provisioning:product", args=[_slug(request), unpriced[0].pk])
    text = _("No price is set for %(connection)s, so its costs are not known.")
    return Matter("info", text % {"connection": unpriced[0].connection.name}, url, _("Enter the price"), Role.ADMIN)
