"""The overview: stock, this month's peak, orders on their way, what needs attention, and how old all of it is."""

import zlib
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from portal.billing.lines import following
from portal.billing.terms import Terms, first_day_of
from portal.tenancy.door import tenant_view
from portal.tenancy.roles import Role
from portal.ui.charts import Labels, step_chart
from portal.ui.formats import zone_of
from portal.vendors.desks import frame, mirror_asked, mirror_piece, page, slug_of
from provisioning.forecast import free_of, most_within_limit, over_limit
from provisioning.models import Order, Product
from provisioning.movements import use_in
from provisioning.refresh import refresh
from provisioning.terms import terms_of_product, with_terms
from provisioning.usage import Usage, orders_on_their_way, usage_now
from provisioning.views.desk import Desk, desk_of, no_connection

# An order that was placed long ago moves seldom: the page need not ask for it every few seconds.
LIVELY_SECONDS = 900
BACK = ("dashboard", "orders", "subscribers", "differences", "right_sizing")


@dataclass(frozen=True)
class Matter:
    """Something that wants a person's attention, and where to see to it."""

    tone: str
    text: str
    url: str
    link: str


@tenant_view(Role.VIEWER)
@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request, attention=True, products=with_terms(Product.objects.for_desk()))
    if desk is None:
        return no_connection(request)
    product = desk.product(request.GET.get("product", ""))
    moving = orders_on_their_way(product)
    terms = terms_of_product(product)
    usage = usage_now(product, moving, terms=terms)
    return page(
        request,
        "provisioning/dashboard.html",
        desk,
        product=product,
        inventory=getattr(product, "inventory", None),
        free=free_of(product),
        usage=usage,
        month=_month_names(terms),
        chart=usage and _chart(usage, request),
        matters=matters(request, desk, product, moving, priced=terms.agreed_at(timezone.now())),
        most=most_within_limit(product),
        over_limit=usage is not None and over_limit(product, usage.level),
        **_moving(moving),
    )


@tenant_view(Role.VIEWER)
@require_safe
def moving(request: HttpRequest) -> HttpResponse:
    """The card of orders on their way, polled while it moves. When one has arrived, the whole page is read anew."""
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    product = desk.product(request.GET.get("product", ""))
    context = _moving(orders_on_their_way(product))
    if context["moving_mark"] != request.GET.get("was"):
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(
        request,
        "provisioning/_moving.html",
        {"desk": desk, "product": product, **frame(request, desk.connection), **context},
    )


@tenant_view(Role.VIEWER)
@require_safe
def mirror(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    return no_connection(request) if desk is None else mirror_piece(request, desk, BACK)


@tenant_view(Role.VIEWER)
@require_POST
def refresh_mirror(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    refresh(desk.connection)
    return mirror_asked(request, desk, BACK)


# --- This month ---------------------------------------------------------------------------------------------------


def _chart(usage: Usage, request: HttpRequest) -> str:
    zone, peak = zone_of(request), usage.peak.proven
    # Clocks that disagree can bring a level below nothing for a moment; there is no such stock to draw.
    points = [(step.at, max(0, step.level)) for step in usage.steps]
    return step_chart(
        points,
        start=usage.period.start,
        end=usage.period.end,
        until=min(timezone.now(), usage.period.end),
        peak=(peak.at, peak.value) if peak.value > 0 else None,
        second=[(each.at, max(0, each.count)) for each in use_in(usage.product, usage.period)],
        zone=zone,
        labels=Labels(_("Products this month"), series=_("Products"), second=_("In use"), peak=_("Peak")),
    )


def _month_names(terms: Terms) -> dict[str, str]:
    """How this month and the next one are called, by the calendar that is charged by."""
    first = first_day_of(terms.month(timezone.now()))
    return {"this": date_format(first, "F Y"), "next": date_format(following(first), "F")}


def _moving(orders: list[Order]) -> dict[str, Any]:
    """The card's own context. `moving_mark` changes when something arrives, or an order's condition does."""
    mark = zlib.crc32(repr([(order.pk, order.condition) for order in orders]).encode())
    lively = any(order.waited.total_seconds() < LIVELY_SECONDS for order in orders)
    return {"moving": orders, "moving_mark": str(mark), "moving_lively": lively}


# --- What needs attention -----------------------------------------------------------------------------------------


def matters(request: HttpRequest, desk: Desk, product: Product, orders: list[Order], *, priced: bool) -> list[Matter]:
    """The gravest first. `product` as `with_attention` reads it; `priced` tells that a price was agreed for this month."""
    found = [
        _trouble(request, desk),
        *_unsettled(request, product),
        _differences(request, desk, product),
        *_overdue(request, orders),
        _lost_credentials(request, desk, product),
        _reading(request, desk),
        None if priced else _price(request, product),
    ]
    return [matter for matter in found if matter]


def _trouble(request: HttpRequest, desk: Desk) -> Matter | None:
    connection, url = desk.connection, reverse("vendors:connection", args=[slug_of(request), desk.connection.pk])
    if not connection.enabled:
        return Matter(
            "warning", _("The connection is switched off: nothing is sent or read."), url, _("See the connection")
        )
    health = getattr(connection, "health", None)
    if health is None or not health.trouble:
        return None
    return Matter("danger", f"{health.get_trouble_display()}.", url, _("See the connection"))


def _unsettled(request: HttpRequest, product: Any) -> list[Matter]:
    url = reverse("operations:operations", args=[slug_of(request)])
    found = []
    if product.stuck:
        text = ngettext("%(n)d operation needs a person.", "%(n)d operations need a person.", product.stuck)
        found.append(Matter("danger", text % {"n": product.stuck}, f"{url}?status=needs_person", _("Decide")))
    if product.unknown:
        text = ngettext(
            "The outcome of %(n)d operation is unknown; the vendor is being looked at.",
            "The outcome of %(n)d operations is unknown; the vendor is being looked at.",
            product.unknown,
        )
        found.append(Matter("warning", text % {"n": product.unknown}, f"{url}?status=unknown", _("Follow")))
    return found


def _differences(request: HttpRequest, desk: Desk, product: Any) -> Matter | None:
    if not product.differences:
        return None
    text = ngettext(
        "%(n)d difference between the portal and the vendor is open.",
        "%(n)d differences between the portal and the vendor are open.",
        product.differences,
    )
    url = reverse("provisioning:differences", args=[slug_of(request)]) + desk.query
    return Matter("warning", text % {"n": product.differences}, url, _("Compare"))


def _overdue(request: HttpRequest, orders: list[Order]) -> list[Matter]:
    return [
        Matter(
            "warning",
            _("Order %(number)s has been pending at the vendor for long.") % {"number": order.number or order},
            reverse("provisioning:order", args=[slug_of(request), order.pk]),
            _("What to tell the vendor"),
        )
        for order in orders
        if order.overdue
    ][:3]


def _lost_credentials(request: HttpRequest, desk: Desk, product: Any) -> Matter | None:
    if not product.lost_credentials:
        return None
    text = ngettext(
        "The credentials of %(n)d subscriber were lost on their way.",
        "The credentials of %(n)d subscribers were lost on their way.",
        product.lost_credentials,
    )
    url = reverse("provisioning:subscribers", args=[slug_of(request)])
    more = f"&connection={desk.connection.pk}" if desk.several else ""
    return Matter("warning", text % {"n": product.lost_credentials}, f"{url}?state=lost{more}", _("See which"))


def _reading(request: HttpRequest, desk: Desk) -> Matter | None:
    if not desk.mirror.error or not desk.connection.enabled:
        return None
    url = reverse("vendors:connection", args=[slug_of(request), desk.connection.pk])
    text = _("The last reading failed: %(error)s") % {"error": desk.mirror.error}
    return Matter("warning", text, url, _("See the connection"))


def _price(request: HttpRequest, product: Product) -> Matter:
    url = reverse("provisioning:product", args=[slug_of(request), product.pk])
    return Matter("info", _("The price of a product is not known, so no costs are shown."), url, _("Price and limit"))
