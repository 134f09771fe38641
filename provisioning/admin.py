"""Video for support staff, across all tenants: mirrors are read only, actions call the verbs of the tenants' pages."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from portal.audit.trail import record
from portal.operations.promises import TenantSuspended
from portal.ui.journals import JournalAdmin
from provisioning import drift
from provisioning.drift import NotAdopted
from provisioning.models import Drift, Inventory, InventoryChange, MirrorState, Order, Product, Subscriber
from provisioning.operations import NotPromised, delete_subscriber
from provisioning.pricing import set_price
from provisioning.refresh import refresh

# A person reads each of them before deciding; more at once is no decision.
MOST_AT_ONCE = 50
WHOSE = ["tenant__name", "tenant__slug"]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 3}))


def ask_for_reason(
    request: HttpRequest,
    rows: QuerySet,
    action: str,
    title: Any,
    warning: Any,
    act: Callable[[Any, str], Any],
    model_admin: admin.ModelAdmin,
) -> HttpResponse | None:
    """A page that lists the chosen rows and asks why; then `act` on each. None when it is done."""
    chosen = list(rows[: MOST_AT_ONCE + 1])
    if len(chosen) > MOST_AT_ONCE:
        model_admin.message_user(request, _("Choose %s at most.") % MOST_AT_ONCE, messages.ERROR)
        return None
    form = ReasonForm(request.POST if "reason" in request.POST else None)
    if not form.is_valid():
        context = {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "title": title,
            "warning": warning,
            "rows": chosen,
            "form": form,
            "action": action,
        }
        return render(request, "provisioning/admin_reason.html", context, status=422 if form.is_bound else 200)
    _act_on_each(request, chosen, form.cleaned_data["reason"], act, model_admin)
    return None


def _act_on_each(
    request: HttpRequest, rows: list[Any], reason: str, act: Callable[[Any, str], Any], model_admin: admin.ModelAdmin
) -> None:
    done = 0
    for row in rows:
        try:
            act(row, reason)
            done += 1
        except (NotPromised, NotAdopted) as refusal:
            model_admin.message_user(request, f"{row}: {refusal}", messages.ERROR)
        except TenantSuspended:
            model_admin.message_user(request, _("%s: its tenant is suspended.") % row, messages.ERROR)
    if done:
        model_admin.message_user(request, _("%s asked for.") % done, messages.SUCCESS)


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):
    """Price and limit alone can be changed, by the verb that the tenants' page calls."""

    list_display = ["name", "tenant", "connection", "unit_price", "limit_eur"]
    list_select_related = ["tenant", "connection"]
    search_fields = ["name", "connection__name", *WHOSE]
    readonly_fields = ["tenant", "connection", "name"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Product, form: Any, change: bool) -> None:
        set_price(obj, unit_price=obj.unit_price, limit_eur=obj.limit_eur, acting_user=request.user)


@admin.register(Inventory)
class InventoryAdmin(JournalAdmin):
    list_display = ["product", "tenant", "total", "available", "in_use", "foreign_in_use", "read_at"]
    list_select_related = ["tenant", "product"]
    search_fields = ["product__name", "product__connection__name", *WHOSE]


@admin.register(Order)
class OrderAdmin(JournalAdmin):
    list_display = ["__str__", "tenant", "status", "number", "requested_by", "created_at", "fulfilled_at"]
    list_filter = ["status", "type"]
    list_select_related = ["tenant", "product", "requested_by"]
    search_fields = ["number", "requested_by__email", *WHOSE]
    search_help_text = _("Order number, person or tenant")
    exclude = ["operation"]
    readonly_fields = ["created_at", "operation_number"]

    @admin.display(description=_("operation"))
    def operation_number(self, order: Order) -> Any:
        return order.operation_id


@admin.register(Subscriber)
class SubscriberAdmin(JournalAdmin):
    list_display = ["username", "tenant", "state", "identity", "vendor_id", "ends_at", "created_at"]
    list_filter = ["state"]
    list_select_related = ["tenant"]
    search_fields = ["username", "identity", "vendor_id", *WHOSE]
    search_help_text = _("Username, identity, subscriber ID or tenant")
    exclude = ["password"]
    readonly_fields = ["created_at"]
    actions = ["delete_at_vendor"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscriber]:
        return super().get_queryset(request).defer("password")

    @admin.action(description=_("Delete at the vendor…"))
    def delete_at_vendor(self, request: HttpRequest, queryset: QuerySet[Subscriber]) -> HttpResponse | None:
        rows = queryset.select_related("product__connection__tenant")

        def delete(subscriber: Subscriber, reason: str) -> None:
            delete_subscriber(subscriber, acting_user=request.user)
            record("provisioning.subscriber_deletion_by_staff", subscriber, reason=reason, acting_user=request.user)

        warning = _("Applications that use these subscribers will be forced out.")
        return ask_for_reason(
            request, rows, "delete_at_vendor", _("Delete subscribers at the vendor"), warning, delete, self
        )


@admin.register(InventoryChange)
class InventoryChangeAdmin(JournalAdmin):
    list_display = ["product", "tenant", "sequence", "quantity", "level", "cause", "order", "vendor_at", "recorded_at"]
    list_filter = ["cause"]
    list_select_related = ["tenant", "product", "order__product"]
    search_fields = ["product__connection__name", "order__number", *WHOSE]


@admin.register(Drift)
class DriftAdmin(JournalAdmin):
    list_display = ["__str__", "tenant", "connection", "state", "ours", "theirs", "first_seen_at", "last_seen_at"]
    list_filter = ["state", "kind"]
    list_select_related = ["tenant", "connection"]
    search_fields = ["key", "connection__name", *WHOSE]
    actions = ["adopt"]

    @admin.action(description=_("Adopt what the vendor says…"))
    def adopt(self, request: HttpRequest, queryset: QuerySet[Drift]) -> HttpResponse | None:
        def adopt(difference: Drift, reason: str) -> None:
            drift.adopt(difference, reason=reason, acting_user=request.user)

        warning = _("The ledger follows the vendor, and peaks with it.")
        return ask_for_reason(
            request, queryset.select_related("product"), "adopt", _("Adopt differences"), warning, adopt, self
        )


@admin.register(MirrorState)
class MirrorStateAdmin(JournalAdmin):
    list_display = ["connection", "tenant", "read_at", "asked_at", "due_at", "error"]
    list_select_related = ["tenant", "connection"]
    search_fields = ["connection__name", *WHOSE]
    actions = ["refresh"]

    @admin.action(description=_("Read from the vendor now"))
    def refresh(self, request: HttpRequest, queryset: QuerySet[MirrorState]) -> None:
        for state in queryset.select_related("connection")[:MOST_AT_ONCE]:
            refresh(state.connection)
        self.message_user(request, _("Asked. Reload in a moment."))
