"""Messaging for support staff, across all tenants: to be looked at; what changes it are the verbs of the tenants' pages."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from messaging.models import Batch, Campaign, Message, PartsSent, Sending, SmsAccount
from messaging.people import admin as people
from messaging.reports import admin as reports
from portal.ui.journals import JournalAdmin

# Those of people and of reports register themselves when they are read.
__all__ = ["people", "reports"]


@admin.register(Campaign)
class CampaignAdmin(JournalAdmin):
    list_display = ["name", "tenant", "state", "sender", "recipients", "parts", "created_at", "released_by"]
    list_filter = ["state"]
    list_select_related = ["tenant", "released_by"]
    found_by = {"pk": "messaging.campaign"}
    exclude = ["audience", "plan"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        return super().get_queryset(request).defer("audience", "plan")


@admin.register(Batch)
class BatchAdmin(JournalAdmin):
    list_display = ["pk", "campaign", "number", "tenant", "state", "taken_at", "delivered", "failed", "unknown"]
    list_select_related = ["tenant", "campaign"]
    found_by = {"campaign_id": "messaging.campaign", "operation_id": "operations.operation"}


@admin.register(Message)
class MessageAdmin(JournalAdmin):
    """Of any tenant by number; texts stay with the company."""

    list_display = ["number", "tenant", "campaign", "state", "state_at", "code", "parts"]
    list_select_related = ["tenant", "campaign"]
    found_by = {"campaign_id": "messaging.campaign"}
    found_exactly = ["number"]
    exclude = ["text"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).defer("text", "campaign__text", "campaign__audience", "campaign__plan")


@admin.register(Sending)
class SendingAdmin(JournalAdmin):
    list_display = ["pk", "batch", "number", "tenant", "started_at", "messages", "document_id", "first_report_at"]
    list_select_related = ["tenant", "batch"]


@admin.register(PartsSent)
class PartsSentAdmin(JournalAdmin):
    list_display = ["pk", "tenant", "destination", "sent_at", "messages", "parts", "recorded_at"]
    list_select_related = ["tenant", "destination"]


@admin.register(SmsAccount)
class SmsAccountAdmin(JournalAdmin):
    list_display = ["connection", "tenant", "test_mode", "wants_reports", "last_report_at", "silent_since"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}
