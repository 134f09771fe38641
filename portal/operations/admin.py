"""Operations for support staff, across all tenants; decisions by the same verbs as on the tenants' pages."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from portal.operations import decisions
from portal.operations.decisions import NotPossible
from portal.operations.forms import form_for
from portal.operations.models import Attempt, Decision, Operation
from portal.operations.proposals import proposal
from portal.operations.registry import kinds
from portal.ui.journals import JournalAdmin, JournalInline

Action = Decision.Action

# A person reads each of them before deciding; more at once is no decision.
MOST_AT_ONCE = 50


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


class AttemptInline(JournalInline):
    model = Attempt
    fields = [
        "started_at",
        "finished_at",
        "purpose",
        "number",
        "outcome",
        "status",
        "vendor_request_id",
        "message",
        "facts",
        "worker",
    ]


class DecisionInline(JournalInline):
    model = Decision
    fields = [
        "asked_at",
        "action",
        "reason",
        "facts",
        "asked_by",
        "needs_second",
        "confirmed_by",
        "confirmed_at",
        "withdrawn_at",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Decision]:
        return super().get_queryset(request).select_related("asked_by", "confirmed_by", "operation")


@admin.register(Operation)
class OperationAdmin(JournalAdmin):
    list_display = ["id", "label", "tenant", "kind_name", "status", "trouble", "connection", "created_at", "due_at"]
    list_filter = ["status", "trouble", KindFilter, "costs_money"]
    list_select_related = ["tenant", "connection"]
    search_fields = ["label", "tenant__name", "tenant__slug", "request_id", "=id"]
    search_help_text = _("What, tenant, number or request id")
    readonly_fields = ["created_at", "form_key"]
    inlines = [AttemptInline, DecisionInline]
    actions = ["look_again", "send_again", "give_up"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Operation]:
        return super().get_queryset(request).select_related("tenant", "connection", "created_by")

    @admin.display(description=_("kind"), ordering="kind")
    def kind_name(self, operation: Operation) -> Any:
        return operation.kind_label

    @admin.action(description=_("Look at the vendor again"), permissions=["view"])
    def look_again(self, request: HttpRequest, queryset: QuerySet[Operation]) -> HttpResponse | None:
        return self._decide(request, queryset, Action.LOOK_AGAIN, decisions.look_again)

    @admin.action(description=_("Send again"), permissions=["view"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Operation]) -> HttpResponse | None:
        return self._decide(request, queryset, Action.SEND_AGAIN, decisions.send_again)

    @admin.action(description=_("Give up"), permissions=["view"])
    def give_up(self, request: HttpRequest, queryset: QuerySet[Operation]) -> HttpResponse | None:
        return self._decide(request, queryset, Action.GIVE_UP, decisions.give_up)

    def _decide(
        self,
        request: HttpRequest,
        queryset: QuerySet[Operation],
        action: Decision.Action,
        verb: Callable[..., Decision],
    ) -> HttpResponse | None:
        """First the page that asks for the reason, then the deed; each operation by itself."""
        chosen = list(queryset[: MOST_AT_ONCE + 1])
        if len(chosen) > MOST_AT_ONCE:
            messages.error(request, _("Nothing was done. Choose at most %(most)s at once.") % {"most": MOST_AT_ONCE})
            return None
        form = form_for(action)(request.POST if "decided" in request.POST else None)
        if not form.is_valid():
            return self._ask(request, chosen, action, form)
        for operation in chosen:
            _say(request, operation, verb, reason=form.cleaned_data["reason"], acting_user=request.user)
        return None

    def _ask(self, request: HttpRequest, chosen: list[Operation], action: Decision.Action, form: Any) -> HttpResponse:
        costly = next((operation for operation in chosen if operation.costs_money), chosen[0])
        context = {
            **self.admin_site.each_context(request),
            "title": proposal(action, costly).label,
            "proposal": proposal(action, costly),
            "operations": chosen,
            "form": form,
            "opts": self.model._meta,
            "action_name": action.value,
        }
        return render(request, "operations/admin_decide.html", context, status=422 if form.is_bound else 200)


def _say(request: HttpRequest, row: Any, verb: Callable[..., Any], **answers: Any) -> None:
    """Do it to this row and say so, or why not; the other rows are others' matter."""
    try:
        verb(row, **answers)
    except NotPossible as reason:
        messages.error(request, _("%(row)s: nothing was done. %(reason)s") % {"row": row, "reason": reason})
    else:
        messages.success(request, _("%(row)s: done.") % {"row": row})


@admin.register(Attempt)
class AttemptAdmin(JournalAdmin):
    list_display = ["started_at", "tenant", "operation", "purpose", "number", "outcome", "status", "vendor_request_id"]
    list_display_links = ["started_at"]
    list_filter = ["purpose", "outcome"]
    list_select_related = ["tenant", "operation"]
    search_fields = ["=vendor_request_id", "=operation__id", "operation__label", "tenant__slug"]


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
    search_fields = ["operation__label", "tenant__name", "tenant__slug", "asked_by__email", "reason"]
    actions = ["confirm", "withdraw"]

    @admin.action(description=_("Confirm as the second person: it is sent again"), permissions=["view"])
    def confirm(self, request: HttpRequest, queryset: QuerySet[Decision]) -> None:
        for decision in queryset.select_related("operation")[:MOST_AT_ONCE]:
            _say(request, decision, decisions.confirm, acting_user=request.user)

    @admin.action(description=_("Withdraw"), permissions=["view"])
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Decision]) -> None:
        for decision in queryset.select_related("operation")[:MOST_AT_ONCE]:
            _say(request, decision, decisions.withdraw, acting_user=request.user)
