"""Reports, signing keys and replies for support staff, across all tenants: to be looked at. Without secrets and texts."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from messaging.models import InboundMessage, Report, SigningKey, UnverifiedReport, VirtualNumber
from portal.ui.journals import JournalAdmin


@admin.register(SigningKey)
class SigningKeyAdmin(JournalAdmin):
    list_display = ["key_id", "tenant", "connection", "level", "state", "used_at", "seen_at"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["secret"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SigningKey]:
        return super().get_queryset(request).defer("secret")


@admin.register(Report)
class ReportAdmin(JournalAdmin):
    list_display = ["pk", "tenant", "connection", "received_at", "outcome", "status", "code", "key_id"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["body", "digest"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Report]:
        return super().get_queryset(request).defer("body", "digest")


@admin.register(UnverifiedReport)
class UnverifiedReportAdmin(JournalAdmin):
    list_display = ["day", "tenant", "connection", "reason", "count", "last_at"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}


@admin.register(VirtualNumber)
class VirtualNumberAdmin(JournalAdmin):
    list_display = ["number", "tenant", "connection", "name", "forward_to_mail"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["forward_secret"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[VirtualNumber]:
        return super().get_queryset(request).defer("forward_secret")


@admin.register(InboundMessage)
class InboundMessageAdmin(JournalAdmin):
    list_display = ["pk", "tenant", "connection", "received_at", "stop_word", "text_removed_at"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboundMessage]:
        return super().get_queryset(request).defer("text")
