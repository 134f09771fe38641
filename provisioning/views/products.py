"""Price and limit of a product, as agreed with the vendor, and from where on people want to be told."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from portal.billing.terms import Terms
from portal.tenancy.door import tenant_view
from portal.tenancy.roles import Role
from portal.vendors.desks import frame, slug_of
from provisioning.forms import PriceForm
from provisioning.models import Product
from provisioning.pending import set_pending_days
from provisioning.pricing import set_price
from provisioning.terms import terms_of_product, with_terms
from provisioning.thresholds import set_thresholds


@tenant_view(Role.ADMIN)
def product(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(with_terms(Product.objects.for_desk()), pk=pk)
    terms = terms_of_product(found)
    form = PriceForm(request.POST or None, initial=_shown(found, terms))
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        set_price(found, unit_price=values["unit_price"], limit_eur=values["limit_eur"], acting_user=request.user)
        set_thresholds(found, form.thresholds, acting_user=request.user)
        set_pending_days(found, values["warn_pending_days"], acting_user=request.user)
        messages.success(request, _("Saved. Forecasts and costs follow what is agreed now."))
        url = reverse("provisioning:dashboard", args=[slug_of(request)])
        return redirect(f"{url}?connection={found.connection_id}&product={found.pk}")
    context = {**frame(request, found.connection), "form": form, "product": found, "terms": terms}
    return render(request, "provisioning/product.html", context, status=422 if form.is_bound else 200)


def _shown(found: Product, agreed: Terms) -> dict[str, Any]:
    warned = ("warn_free_below", "warn_peak_above", "warn_cost_above", "warn_limit_percent", "warn_pending_days")
    price = _plain(found.unit_price) if agreed.agreed_at(timezone.now()) else None
    terms = {"unit_price": price, "limit_eur": found.limit_eur}
    return terms | {name: getattr(found, name) for name in warned}


def _plain(price: Decimal) -> str:
    """Without the zeros that the column adds: "2.5"."""
    return format(price.normalize(), "f")
