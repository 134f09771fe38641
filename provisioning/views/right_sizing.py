"""Right-sizing: what could be removed before the month ends, what is planned, and what was saved."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from portal.billing.lines import following
from portal.billing.peaks import Period
from portal.billing.terms import first_day_of
from portal.tenancy.door import tenant_view
from portal.tenancy.roles import Role
from portal.ui.forms import ConfirmForm, PortalForm
from portal.vendors.desks import page, slug_of
from provisioning import right_sizing as sizing
from provisioning.forms import WholeNumberField
from provisioning.models import Product, SizingPlan
from provisioning.operations import NotPromised
from provisioning.terms import terms_of_product, with_terms
from provisioning.usage import usage_now
from provisioning.views.desk import VENDOR, Desk, desk_of, no_connection

LARGEST_MARGIN = 1_000_000
# Two years of one a month.
SHOWN = 24


class MarginForm(PortalForm):
    """Off, or on with so many products that stay free."""

    on = forms.BooleanField(label=gettext_lazy("Propose removing products that nobody needs"), required=False)
    margin = WholeNumberField(
        label=gettext_lazy("Products that stay free"),
        help_text=gettext_lazy("So many remain for new subscribers, whatever is removed."),
        min_value=0,
        max_value=LARGEST_MARGIN,
        error_messages={
            "required": gettext_lazy("Enter how many products stay free; 0 keeps none."),
            "min_value": gettext_lazy("Keep 0 products or more."),
            "max_value": gettext_lazy("Keep at most %(limit_value)s products."),
        },
    )

    @property
    def chosen(self) -> int | None:
        return self.cleaned_data["margin"] if self.cleaned_data["on"] else None


class ApprovalForm(PortalForm):
    quantity = WholeNumberField(min_value=1, max_value=2_000_000_000)


@tenant_view(Role.VIEWER)
@require_safe
def right_sizing(request: HttpRequest) -> HttpResponse:
    desk = desk_of(request, products=with_terms(sizing.sizable()))
    if desk is None:
        return no_connection(request)
    return _page(request, desk, desk.product(request.GET.get("product", "")))


@tenant_view(Role.OPERATOR)
@require_POST
def right_sizing_set(request: HttpRequest, pk: int) -> HttpResponse:
    """Switch it on or off for one product, and set its margin."""
    desk, product = _find(request, pk)
    form = MarginForm(request.POST)
    if not form.is_valid():
        return _page(request, desk, product, form=form)
    sizing.set_margin(product, form.chosen, acting_user=request.user)
    if form.chosen is None:
        messages.success(request, _("Right-sizing is off. Nothing is removed."))
    else:
        messages.success(request, _("Saved. Nothing is removed without an approval."))
    return redirect(_url(request, product))


@tenant_view(Role.OPERATOR)
@require_POST
def right_sizing_approve(request: HttpRequest, pk: int) -> HttpResponse:
    _desk, product = _find(request, pk)
    form = ApprovalForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Nothing was planned. Reload the page and try again."))
        return redirect(_url(request, product))
    try:
        sizing.approve(product, form.cleaned_data["quantity"], form_key=form.form_key, acting_user=request.user)
        messages.success(request, _("Approved. The portal orders it in time; until then it can be cancelled here."))
    except NotPromised as refusal:
        messages.error(request, str(refusal))
    return redirect(_url(request, product))


@tenant_view(Role.OPERATOR)
@require_POST
def right_sizing_cancel(request: HttpRequest, pk: int) -> HttpResponse:
    plan = get_object_or_404(SizingPlan.objects.select_related("product"), pk=pk)
    if not ConfirmForm(request.POST).is_valid():
        messages.error(request, _("Nothing was changed. Reload the page and try again."))
        return redirect(_url(request, plan.product))
    try:
        sizing.cancel(plan, acting_user=request.user)
        messages.success(request, _("Cancelled. All products stay."))
    except NotPromised as refusal:
        messages.error(request, str(refusal))
    return redirect(_url(request, plan.product))


def _find(request: HttpRequest, pk: int) -> tuple[Desk, Product]:
    """A product of any of the tenant's connections, and the desk of that one."""
    products = list(with_terms(sizing.sizable()).filter(connection__vendor=VENDOR))
    product = next((one for one in products if one.pk == pk), None)
    if product is None:
        raise Http404
    return Desk(products, product.connection), product


def _url(request: HttpRequest, product: Product) -> str:
    url = reverse("provisioning:right_sizing", args=[slug_of(request)])
    return f"{url}?connection={product.connection_id}&product={product.pk}"


def _page(request: HttpRequest, desk: Desk, product: Product, form: MarginForm | None = None) -> HttpResponse:
    now = timezone.now()
    terms = terms_of_product(product, now)
    period = terms.month(now)
    plans = list(SizingPlan.objects.for_page().filter(product=product).order_by("-approved_at", "-pk")[: SHOWN + 1])
    current = next((plan for plan in plans if _is_current(plan, period)), None)
    read = getattr(product, "inventory", None) is not None
    return page(
        request,
        "provisioning/right_sizing.html",
        desk,
        422 if form and form.errors else 200,
        product=product,
        inventory=getattr(product, "inventory", None),
        form=form or MarginForm(initial=_shown(product)),
        approval=ApprovalForm(),
        confirm=ConfirmForm(),
        on=product.right_size_margin is not None,
        proposal=sizing.proposal_of(product, now, terms) if read else None,
        usage=usage_now(product, on_their_way=[], terms=terms) if read and current is None else None,
        too_late=sizing.window_of(now, terms).over(now),
        current=current,
        past=[plan for plan in plans if plan is not current][:SHOWN],
        month=_month_names(period),
    )


def _is_current(plan: SizingPlan, period: Period) -> bool:
    return plan.month_start == period.start and plan.state not in SizingPlan.WITHOUT_EFFECT


def _shown(product: Product) -> dict[str, Any]:
    margin = product.right_size_margin
    return {"on": margin is not None, "margin": 0 if margin is None else margin}


def _month_names(period: Period) -> dict[str, str]:
    """How this month and the next one are called, and when the next one begins, by the calendar that is charged by."""
    first = first_day_of(period)
    return {
        "this": date_format(first, "F"),
        "next": date_format(following(first), "F"),
        "turn": date_format(period.end.astimezone(period.zone), "j F, H:i"),
    }
