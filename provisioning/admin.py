"""Video for support staff, across all tenants: mirrors are read only, actions call the verbs of the tenants' pages."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext_lazy as _

from portal.audit.trail import record
from portal.operations.promises import TenantSuspended
from portal.search.staff import FoundByWords
from portal.support import desk_inboxes
from portal.ui.formats import age
from portal.ui.journals import CappedPaginator, JournalAdmin
from portal.vendors.models import SEALED_OF_CONNECTION
from provisioning import drift
from provisioning.consequences import consequences_of_all, told_pairs
from provisioning.drift import NotAdopted
from provisioning.forms import ReasonForm as DriftReasonForm
from provisioning.models import (
    Drift,
    Inventory,
    InventoryChange,
    MirrorState,
    Order,
    Product,
    SizingPlan,
    Subscriber,
    UseChange,
)
from provisioning.operations import NotPromised, delete_subscriber
from provisioning.pricing import set_price
from provisioning.refresh import refresh
from provisioning.views.differences import seen_of

# A person reads each of them before deciding; more at once is no decision.
MOST_AT_ONCE = 50


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
class ProductAdmin(FoundByWords):
    """Price and limit alone can be changed, by the verb that the tenants' page calls."""

    list_display = ["name", "tenant", "connection", "unit_price", "limit_eur"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}
    paginator = CappedPaginator
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
    found_by = {"product__connection_id": "vendors.connection"}


@admin.register(Order)
class OrderAdmin(JournalAdmin):
    list_display = ["__str__", "tenant", "status", "number", "requested_by", "created_at", "fulfilled_at"]
    list_filter = ["status"]
    list_select_related = ["tenant", "product", "requested_by"]
    found_by = {"pk": "provisioning.order"}
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
    found_by = {"pk": "provisioning.subscriber"}
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
    found_by = {"order_id": "provisioning.order"}


@admin.register(UseChange)
class UseChangeAdmin(JournalAdmin):
    list_display = ["product", "tenant", "at", "in_use"]
    list_select_related = ["tenant", "product"]
    found_by = {"product__connection_id": "vendors.connection"}


@admin.register(SizingPlan)
class SizingPlanAdmin(JournalAdmin):
    """What companies approved to be removed, and what became of it."""

    list_display = ["__str__", "tenant", "month_end", "state", "ordered", "saved_eur", "approved_by", "approved_at"]
    list_filter = ["state"]
    list_select_related = ["tenant", "product", "order__product", "approved_by"]
    fields = ["tenant", "product", "month_start", "month_end", "opens_at", "closes_at", "quantity", "unit_price"]
    fields += ["state", "reason_told", "ordered", "saved_eur", "reckoned_at"]
    fields += ["approved_by", "approved_at", "cancelled_by"]
    readonly_fields = ["reason_told", "ordered", "approved_at"]
    found_by = {"order_id": "provisioning.order"}

    @admin.display(description=_("why"))
    def reason_told(self, plan: SizingPlan) -> str:
        return str(plan.reason) or "–"

    @admin.display(description=_("order"))
    def ordered(self, plan: SizingPlan) -> Any:
        if plan.order is None:
            return "–"
        address = reverse("admin:provisioning_order_change", args=[plan.order.pk])
        return format_html('<a href="{}">{}</a>', address, plan.order.number or plan.order)


class DriftStateFilter(admin.SimpleListFilter):
    """What is open, unless somebody asks for the rest."""

    title, parameter_name = _("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", _("All")), *Drift.State.choices]

    def choices(self, changelist: Any) -> Iterator[Any]:
        for value, label in self.lookup_choices:
            chosen = (self.value() or Drift.State.OPEN) == value
            yield {
                "selected": chosen,
                "query_string": changelist.get_query_string({self.parameter_name: value}),
                "display": label,
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Drift]) -> QuerySet[Drift]:
        return queryset if self.value() == "all" else queryset.filter(state=self.value() or Drift.State.OPEN)


class DriftList(ChangeList):
    """Each row of the page with what adopting it would change, read for all of them at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = with_consequences(self.result_list)


def with_consequences(drifts: Iterable[Drift]) -> list[Any]:
    """Each with `pairs` (name, ours, theirs) and, while it is open, `consequences` in sentences."""
    rows: list[Any] = list(drifts)
    told = consequences_of_all([row for row in rows if row.state == Drift.State.OPEN])
    for row in rows:
        row.pairs, row.consequences, row.seen = told_pairs(row), told.get(row.pk, []), seen_of(row)
    return rows


@dataclass(frozen=True)
class DriftAct:
    """One way to decide about differences. `with_what` says whether what adopting changes belongs to it."""

    label: Any
    advice: Any
    verb: Callable[..., Drift]
    with_what: bool


DRIFT_ACTS = {
    "adopt": DriftAct(
        _("Adopt what the vendor says"),
        _("The portal believes the vendor from now on: the ledger follows, and peaks with it. This cannot be undone."),
        drift.adopt,
        True,
    ),
    "mark_repaired": DriftAct(
        _("Mark as repaired"),
        _(
            "It has been put right, here or at the vendor. Nothing changes in the portal; the vendor is read again, and a"
            " difference that is still there is noted anew."
        ),
        drift.mark_repaired,
        False,
    ),
}


@admin.register(Drift)
class DriftAdmin(JournalAdmin):
    """The inbox of differences over all tenants: what is open, the oldest first."""

    list_display = ["what", "whose", "ours_told", "theirs_told", "seen", "then"]
    list_filter = [DriftStateFilter, "kind"]
    found_by = {"connection_id": "vendors.connection"}
    ordering = ["first_seen_at", "pk"]
    actions = ["adopt", "mark_repaired"]

    class Media:
        css = {"all": ["css/desk.css"]}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return super().changelist_view(request, {"title": _("Differences, the oldest first"), **(extra_context or {})})

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return DriftList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Drift]:
        rows = super().get_queryset(request).select_related("tenant", "connection", "product", "decided_by")
        return rows.defer(*SEALED_OF_CONNECTION)

    def get_urls(self) -> list[Any]:
        decide = self.admin_site.admin_view(self.decide)
        return [path("decide/<str:name>/", decide, name="provisioning_drift_decide"), *super().get_urls()]

    @admin.display(description=_("difference"), ordering="kind")
    def what(self, row: Drift) -> str:
        return f"{row.get_kind_display()} {row.key}".strip()

    @admin.display(description=_("of"), ordering="tenant__name")
    def whose(self, row: Drift) -> Any:
        return format_html("{}<br>{}", row.tenant, row.connection)

    @admin.display(description=_("we believe"))
    def ours_told(self, row: Any) -> str:
        return row.pairs[0][1]

    @admin.display(description=_("the vendor says"))
    def theirs_told(self, row: Any) -> str:
        return row.pairs[0][2]

    @admin.display(description=_("seen first, last"), ordering="first_seen_at")
    def seen(self, row: Drift) -> Any:
        first, last = (age(at, get_current_timezone()) for at in (row.first_seen_at, row.last_seen_at))
        return format_html("{}<br>{}", first, last)

    @admin.display(description=_("if it is adopted"))
    def then(self, row: Any) -> Any:
        return format_html_join("", "<p>{}</p>", ((each,) for each in row.consequences)) or row.get_state_display()

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Both sides of one difference, what adopting it would change, and the decision; no form of its row."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=403)
        number = int(object_id) if object_id.isdecimal() else 0
        (row,) = with_consequences([get_object_or_404(self.get_queryset(request), pk=number)])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": self.what(row),
            "row": row,
            "acts": DRIFT_ACTS,
        }
        return render(request, "provisioning/admin_drift.html", context)

    @admin.action(description=_("Adopt what the vendor says…"), permissions=["view"])
    def adopt(self, request: HttpRequest, queryset: QuerySet[Drift]) -> HttpResponse | None:
        return self._decide(request, queryset, "adopt")

    @admin.action(description=_("Mark as repaired…"), permissions=["view"])
    def mark_repaired(self, request: HttpRequest, queryset: QuerySet[Drift]) -> HttpResponse | None:
        return self._decide(request, queryset, "mark_repaired")

    def decide(self, request: HttpRequest, name: str) -> HttpResponse:
        """The same for what was chosen on the page of one difference."""
        if name not in DRIFT_ACTS:
            raise Http404
        asked = request.POST if request.method == "POST" else request.GET
        numbers = [int(each) for each in asked.getlist("_selected_action") if each.isdecimal()]
        chosen = self.get_queryset(request).filter(pk__in=numbers[: MOST_AT_ONCE + 1])
        return self._decide(request, chosen, name) or redirect("admin:provisioning_drift_changelist")

    def _decide(self, request: HttpRequest, queryset: QuerySet[Drift], name: str) -> HttpResponse | None:
        """First both sides of each and the reason; then each by itself, if it is still as it was seen."""
        rows = queryset.order_by("first_seen_at", "pk")[: MOST_AT_ONCE + 1]
        chosen, act = with_consequences(rows), DRIFT_ACTS[name]
        if not 0 < len(chosen) <= MOST_AT_ONCE:
            words = _("Nothing was done. Choose between 1 and %(most)s differences.") % {"most": MOST_AT_ONCE}
            self.message_user(request, words, messages.ERROR)
            return None
        form = DriftReasonForm(request.POST if "decided" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, chosen, name, form)

        def decide(row: Any, reason: str) -> None:
            if request.POST.get(f"seen_{row.pk}") != row.seen:
                raise NotAdopted(_("It has changed since you saw it: look at it again, nothing was done."))
            act.verb(row, reason=reason, acting_user=request.user)

        _act_on_each(request, chosen, form.cleaned_data["reason"], decide, self)
        return None

    def _ask(self, request: HttpRequest, chosen: list[Any], name: str, form: forms.Form) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": DRIFT_ACTS[name].label,
            "act": DRIFT_ACTS[name],
            "action": name,
            "rows": chosen,
            "form": form,
        }
        return render(request, "provisioning/admin_drift_decide.html", context, status=422 if form.is_bound else 200)


desk_inboxes.register(
    desk_inboxes.Inbox(_("Differences"), "admin:provisioning_drift_changelist", lambda request: Drift.objects.open())
)


@admin.register(MirrorState)
class MirrorStateAdmin(JournalAdmin):
    list_display = ["connection", "tenant", "read_at", "asked_at", "due_at", "error"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}
    actions = ["refresh"]

    @admin.action(description=_("Read from the vendor now"))
    def refresh(self, request: HttpRequest, queryset: QuerySet[MirrorState]) -> None:
        for state in queryset.select_related("connection")[:MOST_AT_ONCE]:
            refresh(state.connection)
        self.message_user(request, _("Asked. Reload in a moment."))
