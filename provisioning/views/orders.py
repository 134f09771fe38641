"""Orders: the list, a new one with what it would cost, and one followed until it is fulfilled."""

from contextlib import suppress
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from portal.lists.pages import list_page, selectable
from portal.operations import decisions
from portal.operations.followed import page_of
from portal.operations.models import Operation
from portal.operations.promises import AlreadySubmitted, once
from portal.operations.words import sent_before_words, words_for
from portal.tenancy.door import TenantRequest, tenant_view
from portal.tenancy.roles import Role
from portal.ui.asking import status_of
from portal.ui.formats import zone_of
from portal.ui.forms import ConfirmForm, TypedForm
from portal.vendors.desks import frame, page, slug_of
from provisioning.forecast import Forecast, forecast, free_of, most_within_limit
from provisioning.forms import OrderForm
from provisioning.lists import ORDERS
from provisioning.models import Order, Product
from provisioning.operations import NotPromised, order_products
from provisioning.stories import request_for_vendor, with_vendor_request_id
from provisioning.terms import terms_of_product, with_terms
from provisioning.usage import usage_now
from provisioning.views.desk import Desk, desk_of, no_connection

# Where a person came from and wants to go on, once there is a free product.
THEN = {"subscriber"}


@tenant_view(Role.VIEWER)
@require_safe
def orders(request: TenantRequest) -> HttpResponse:
    desk = desk_of(request)
    if desk is None:
        return no_connection(request)
    found = list_page(request, ORDERS, fixed={"connection": desk.connection.pk})
    return page(request, "provisioning/orders.html", desk, several_products=len(desk.own_products) > 1, **found)


@tenant_view(Role.VIEWER)
@require_safe
def order_row(request: TenantRequest, pk: int) -> HttpResponse:
    """One row of the list, polled while it moves."""
    order = get_object_or_404(Order.objects.for_list(), pk=pk)
    context = {
        "order": order,
        "several": "product" in request.GET,
        "selectable": selectable(request, ORDERS),
    }
    return render(request, "provisioning/_order_row.html", context)


# --- A new one ----------------------------------------------------------------------------------------------------


@tenant_view(Role.OPERATOR)
def order_new(request: HttpRequest) -> HttpResponse:
    """A form, then an order. One that was not shown what it costs, as without JavaScript, is asked once more."""
    desk = _desk_with_terms(request)
    if desk is None:
        return no_connection(request)
    form = OrderForm(request.POST or None, products=desk.own_products, initial=_prefilled(request))
    told = _forecast_of(form, desk, request)
    if request.method != "POST" or not form.is_valid():
        return _form_page(request, desk, form, told)
    try:
        # Before the forecast is compared: it has the first click's order in it already.
        once(desk.connection.tenant_id, form.form_key)
        return _answer(request, desk, form, told)
    except AlreadySubmitted as earlier:
        messages.warning(request, sent_before_words())
        return redirect(page_of(request, earlier.operation, Order, "provisioning:order"))


def _desk_with_terms(request: HttpRequest) -> Desk | None:
    return desk_of(request, products=with_terms(Product.objects.for_desk()))


def _answer(request: HttpRequest, desk: Desk, form: OrderForm, told: Forecast | None) -> HttpResponse:
    if told is None:
        form.add_error(None, _("The inventory has not been read from the vendor yet. Try again when it has."))
        return _form_page(request, desk, form, told)
    typed = _typed(request, told) if told.hurts else None
    if told.too_few or (request.POST.get("seen") == told.seen and (typed is None or typed.is_valid())):
        return _place(request, desk, form, told)
    status = 422 if typed is not None and typed.errors else 200
    context = {"form": form, "typed": typed, "then": _then(request), **_forecast_context(desk, form, told)}
    return page(request, "provisioning/order_confirm.html", desk, status, **context)


def _typed(request: HttpRequest, told: Forecast) -> TypedForm:
    """The quantity once more, by hand."""
    question = _("This costs much and cannot be taken back. Type the quantity, %(quantity)s, to order it.")
    said = request.POST if "typed" in request.POST else None
    return TypedForm(said, expected=str(told.quantity), label=question % {"quantity": told.quantity})


@tenant_view(Role.OPERATOR)
@require_safe
def order_forecast(request: HttpRequest) -> HttpResponse:
    """What the order in the form would do; asked again at every change of it."""
    desk = _desk_with_terms(request)
    if desk is None:
        return no_connection(request)
    form = OrderForm({**request.GET.dict(), "form_key": ""}, products=desk.own_products)
    told = _forecast_of(form, desk, request)
    return page(request, "provisioning/_forecast.html", desk, **_forecast_context(desk, form, told))


def _place(request: HttpRequest, desk: Desk, form: OrderForm, told: Forecast) -> HttpResponse:
    values = form.cleaned_data
    try:
        order = order_products(
            values["product"], values["type"], values["quantity"], form_key=form.form_key, acting_user=request.user
        )
    except NotPromised as refusal:
        form.add_error(None, str(refusal))
        return _form_page(request, desk, form, told)
    messages.success(request, _("Ordered. This page follows the order until the vendor has fulfilled it."))
    then = f"?then={_then(request)}" if _then(request) else ""
    return redirect(reverse("provisioning:order", args=[slug_of(request), order.pk]) + then)


def _form_page(request: HttpRequest, desk: Desk, form: OrderForm, told: Forecast | None) -> HttpResponse:
    return page(
        request,
        "provisioning/order_new.html",
        desk,
        status_of(form),
        form=form,
        then=_then(request),
        **_forecast_context(desk, form, told),
    )


def _forecast_context(desk: Desk, form: OrderForm, told: Forecast | None) -> dict[str, Any]:
    product = told.product if told else _product_in(form, desk)
    return {
        "told": told,
        "product": product,
        "priced": told.priced if told else terms_of_product(product).agreed_at(timezone.now()),
        "inventory": getattr(product, "inventory", None),
        "free": free_of(product),
        "most": most_within_limit(product),
    }


def _forecast_of(form: OrderForm, desk: Desk, request: HttpRequest) -> Forecast | None:
    """Of what the form holds or was prefilled with; None while that is no order, or nothing was ever read."""
    order_type, quantity = _asked(form)
    if not quantity or order_type not in Order.Type.values:
        return None
    usage = usage_now(_product_in(form, desk))
    return forecast(usage, order_type, quantity) if usage else None


def _asked(form: OrderForm) -> tuple[str, int]:
    if form.is_bound:
        form.is_valid()
        return form.cleaned_data.get("type", ""), form.cleaned_data.get("quantity") or 0
    kind, quantity = form.get_initial_for_field(form.fields["type"], "type"), form.initial.get("quantity") or 0
    return str(kind), int(quantity)


def _product_in(form: OrderForm, desk: Desk) -> Product:
    chosen = form.cleaned_data.get("product") if form.is_bound and hasattr(form, "cleaned_data") else None
    proposed = "" if form.is_bound else str(form.initial.get("product", ""))
    return chosen or next((one for one in desk.own_products if str(one.pk) == proposed), desk.own_products[0])


def _prefilled(request: HttpRequest) -> dict[str, Any]:
    """From a link that proposes an order; what is no order in it is left out."""
    found: dict[str, Any] = {}
    if request.GET.get("type") in Order.Type.values:
        found["type"] = request.GET["type"]
    if request.GET.get("product", "").isascii():
        found["product"] = request.GET.get("product", "")
    with suppress(ValidationError):
        found["quantity"] = OrderForm.base_fields["quantity"].clean(request.GET.get("quantity"))
    return found


def _then(request: HttpRequest) -> str:
    then = request.POST.get("then") or request.GET.get("then") or ""
    return then if then in THEN else ""


# --- One ----------------------------------------------------------------------------------------------------------


@tenant_view(Role.VIEWER)
@require_safe
def order(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "provisioning/order.html", _whole(request, _find(pk)))


@tenant_view(Role.VIEWER)
@require_safe
def order_now(request: HttpRequest, pk: int) -> HttpResponse:
    """The page's own piece, polled while the order is on its way."""
    return render(request, "provisioning/_order.html", _whole(request, _find(pk)))


@tenant_view(Role.OPERATOR)
@require_POST
def order_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back an order that has not left."""
    found = _find(pk)
    if ConfirmForm(request.POST).is_valid() and found.operation:
        try:
            decisions.cancel(found.operation, acting_user=request.user)
            messages.success(request, _("Cancelled. Nothing was ordered."))
        except decisions.NotPossible as refusal:
            messages.error(request, str(refusal))
    else:
        messages.error(request, _("Nothing was changed. Reload the page and try again."))
    return redirect("provisioning:order", slug_of(request), pk)


def _find(pk: int) -> Order:
    return get_object_or_404(with_vendor_request_id(Order.objects.for_detail()), pk=pk)


def _whole(request: HttpRequest, order: Order) -> dict[str, Any]:
    request_id = order.vendor_request_id  # type: ignore[attr-defined]
    return {
        **frame(request, order.connection),
        "order": order,
        "words": _words(request, order),
        "request_id": request_id,
        "text": request_for_vendor(order, request_id) if order.number else "",
        "then": _then(request),
        "confirm": ConfirmForm(),
    }


def _words(request: HttpRequest, order: Order) -> Any:
    """What became of it so far, as long as the vendor has not answered."""
    if order.status != Order.Status.REQUESTED or not order.operation_id:
        return None
    operation = Operation.objects.for_story().select_related("tenant").get(pk=order.operation_id)
    return words_for(operation, zone_of(request))
