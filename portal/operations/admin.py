"""Operations for support staff, across all tenants; decisions by the same verbs as on the tenants' pages."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils.translation import gettext_lazy as _

from portal.operations import admin_acts, admin_pages, decisions
from portal.operations.decisions import NotPossible
from portal.operations.evidence import with_evidence
from portal.operations.models import Attempt, Decision, Operation
from portal.operations.registry import kinds
from portal.ui.journals import JournalAdmin

Action = Decision.Action

# A person reads each of them before deciding; more at once is no decision.
MOST_AT_ONCE = 50
SAFE_METHODS = ("GET", "HEAD")


class KindFilter(admin.SimpleListFilter):
    """By the registry, not by asking a table of millions which kinds it has."""

    title, parameter_name = _("kind"), "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(kind.name, kind.label) for kind in kinds()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Operation]) -> QuerySet[Operation]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


class PendingFilter(admin.SimpleListFilter):
    title, parameter_name = _("second person"), "second"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("awaited", _("Awaited"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.pending() if self.value() == "awaited" else queryset


@admin.register(Operation)
class OperationAdmin(JournalAdmin):
    """The list is Django's own; one operation has a page that tells its story, and each decision one that asks why."""

    list_display = ["id", "label", "tenant", "kind_name", "status", "trouble", "connection", "created_at", "due_at"]
    list_filter = ["status", "trouble", KindFilter]
    list_select_related = ["tenant", "connection"]
    found_by = {"pk": "operations.operation"}
    actions = ["look_again", "send_again", "mark_done", "give_up", "cancel"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operation]:
        return super().get_queryset(request).select_related("tenant", "connection", "created_by")

    def get_urls(self) -> list[Any]:
        guard = self.admin_site.admin_view
        return [
            path("decide/<str:name>/", guard(self.decide), name="operations_decide"),
            *super().get_urls(),
        ]

    @admin.display(description=_("kind"), ordering="kind")
    def kind_name(self, operation: Operation) -> Any:
        return operation.kind_label

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The whole story of one operation, instead of the form of its row."""
        if request.method not in SAFE_METHODS:
            return HttpResponse(status=403)
        number = int(object_id) if object_id.isdecimal() else 0
        found = get_object_or_404(admin_pages.for_page(), pk=number)
        return admin_pages.operation_page(request, self, found)

    def decide(self, request: HttpRequest, name: str) -> HttpResponse:
        """Ask why, then do it, for what was chosen on the desk or on an operation's page; then back to there."""
        if name not in admin_acts.NAMES:
            raise Http404
        asked = request.POST if request.method == "POST" else request.GET
        numbers = [int(each) for each in asked.getlist("_selected_action") if each.isdecimal()]
        chosen = Operation.objects.filter(pk__in=numbers[: MOST_AT_ONCE + 1])
        answer = self._decide(request, chosen, name)
        return answer or redirect(admin_pages.way_back(asked.get("back", ""), numbers))

    @admin.action(description=_("Look at the vendor again"), permissions=["view"])
    def look_again(self, request: HttpRequest, queryset: QuerySet[Operation]) -> HttpResponse | None:
        return self._decide(request, queryset, Action.LOOK_AGAIN)

    @admin.action(description=_("Send again"), permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Operation]) -> HttpResponse | None:
        return self._decide(request, queryset, Action.SEND_AGAIN)

    @admin.action(description=_("Mark as done"), permissions=["view"])
    def mark_done(self, request: HttpRequest, queryset: QuerySet[Operation]) -> HttpResponse | None:
        return self._decide(request, queryset, Action.MARK_DONE)

    @admin.action(description=_("Give up"), permissions=["view"])
    def give_up(self, request: HttpRequest, queryset: QuerySet[Operation]) -> HttpResponse | None:
        return self._decide(request, queryset, Action.GIVE_UP)

    @admin.action(description=_("Cancel what has not been sent"), permissions=["view"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Operation]) -> HttpResponse | None:
        return self._decide(request, queryset, Action.CANCEL)

    def _decide(self, request: HttpRequest, queryset: QuerySet[Operation], name: str) -> HttpResponse | None:
        """First the page that asks for the reason, then the deed; each operation by itself. None when all is said."""
        chosen = list(with_evidence(queryset).order_by("created_at", "pk")[: MOST_AT_ONCE + 1])
        if not chosen:
            messages.error(request, _("Nothing was done. Choose at least one operation."))
            return None
        if len(chosen) > MOST_AT_ONCE:
            messages.error(request, _("Nothing was done. Choose at most %(most)s at once.") % {"most": MOST_AT_ONCE})
            return None
        act = admin_acts.act_for(name, next((each for each in chosen if each.costs_money), chosen[0]))
        form = admin_acts.bind(name, act, chosen, request.POST if "decided" in request.POST else None)
        if not form.is_valid():
            return admin_pages.decide_page(request, self, chosen, act, form)

        def carry_out(operation: Operation) -> None:
            answers = admin_acts.answers_for(operation, form.cleaned_data)
            admin_acts.carry_out(name, operation, answers, request.user)

        for operation in chosen:
            _say(request, operation, carry_out)
        return None


def _say(request: HttpRequest, row: Any, verb: Callable[[Any], Any]) -> None:
    """Do it to this row and say so, or why not; the other rows are others' matter."""
    try:
        verb(row)
    except NotPossible as reason:
        messages.error(request, _("%(row)s: nothing was done. %(reason)s") % {"row": row, "reason": reason})
    else:
        messages.success(request, _("%(row)s: done.") % {"row": row})


@admin.register(Attempt)
class AttemptAdmin(JournalAdmin):
    list_display = ["started_at", "tenant", "operation", "purpose", "number", "outcome", "status", "vendor_request_id"]
    list_display_links = ["started_at"]
    list_filter = ["outcome"]
    list_select_related = ["tenant", "operation"]
    found_by = {"operation_id": "operations.operation"}


@admin.register(Decision)
class DecisionAdmin(JournalAdmin):
    list_display = [
        "asked_at",
        "tenant",
        "operation",
        "action",
        "asked_by",
        "needs_second",
        "confirmed_by",
        "withdrawn_at",
    ]
    list_display_links = ["asked_at"]
    list_filter = [PendingFilter, "action"]
    list_select_related = ["tenant", "operation", "asked_by", "confirmed_by"]
    found_by = {"operation_id": "operations.operation"}
    actions = ["confirm", "withdraw"]

    @admin.action(description=_("Confirm as the second person: it is sent again"), permissions=["view"])
    def confirm(self, request: HttpRequest, queryset: QuerySet[Decision]) -> None:
        for decision in queryset.select_related("operation")[:MOST_AT_ONCE]:
            _say(request, decision, lambda row: decisions.confirm(row, acting_user=request.user))

    @admin.action(description=_("Withdraw"), permissions=["view"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Decision]) -> None:
        for decision in queryset.select_related("operation")[:MOST_AT_ONCE]:
            _say(request, decision, lambda row: decisions.withdraw(row, acting_user=request.user))
