"""Connections and calls of all tenants, for support: to look at, to switch on and off, to test."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from portal.ui.journals import JournalAdmin
from portal.vendors import connections as verbs
from portal.vendors import probing
from portal.vendors.models import Call, Connection, ConnectionState


@admin.register(Connection)
class ConnectionAdmin(JournalAdmin):
    list_display = ("name", "tenant", "vendor", "environment", "enabled", "condition", "created_at")
    list_filter = ("vendor", "environment", "enabled", "health__trouble")
    list_select_related = ("tenant", "health")
    found_by = {"pk": "vendors.connection"}
    fields = ("tenant", "vendor", "name", "environment", "base_url", "token_url", "enabled", "condition", "created_at")
    readonly_fields = ("condition", "created_at")
    actions = ("enable", "disable", "test")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return super().get_actions(request) if self._may_act(request) else {}

    @admin.action(description=_("Enable"))
    def enable(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        self._each(request, queryset, verbs.enable_connection)

    @admin.action(description=_("Disable: make no calls"))
    def disable(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        self._each(request, queryset, verbs.disable_connection)

    @admin.action(description=_("Test"))
    def test(self, request: HttpRequest, queryset: QuerySet[Connection]) -> None:
        self._each(request, queryset, probing.start_test)

    def _each(self, request: HttpRequest, queryset: QuerySet[Connection], verb: Callable[..., None]) -> None:
        done = 0
        for connection in queryset:
            try:
                verb(connection, acting_user=request.user)
            except probing.TestUnderWay:
                messages.warning(request, _("%(name)s is being tested already.") % {"name": connection})
            else:
                done += 1
        messages.success(request, ngettext("%(n)d connection.", "%(n)d connections.", done) % {"n": done})

    def _may_act(self, request: HttpRequest) -> bool:
        return request.user.has_perm("vendors.change_connection")


@admin.register(ConnectionState)
class ConnectionStateAdmin(JournalAdmin):
    list_display = (
        "connection",
        "tenant",
        "condition",
        "trouble",
        "succeeded_at",
        "quota_used",
        "quota_limit",
        "tested_at",
    )
    list_filter = ("trouble", "test_finding")
    list_select_related = ("connection", "tenant")
    found_by = {"connection_id": "vendors.connection"}
    exclude = ("access_token", "token_renewer")
    readonly_fields = tuple(
        field.name
        for field in ConnectionState._meta.concrete_fields
        if field.name not in ("id", "access_token", "token_renewer")
    )


@admin.register(Call)
class CallAdmin(JournalAdmin):
    list_display = ("started_at", "tenant", "connection", "method", "path", "status", "duration_ms", "error")
    list_select_related = ("connection", "tenant")
    found_exactly = ("vendor_request_id",)
    search_help_text = _("The vendor's request id. A company's address before it, or alone, narrows to that company.")
    ordering = ["-started_at", "-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Call]:
        match = request.resolver_match
        listing = match is not None and match.url_name == "vendors_call_changelist"
        rows = super().get_queryset(request)
        return rows.defer("request", "response") if listing else rows
