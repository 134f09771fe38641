"""Call-me-back for support staff, across all tenants: to be looked at."""

from django.contrib import admin

from portal.ui.journals import JournalAdmin
from realtime.callback.models import CallbackForm, CallbackRequest


@admin.register(CallbackForm)
class CallbackFormAdmin(JournalAdmin):
    list_display = ["name", "tenant", "agent", "enabled", "created_at"]
    list_select_related = ["tenant", "agent"]
    readonly_fields = ["public_id", "created_at"]


@admin.register(CallbackRequest)
class CallbackRequestAdmin(JournalAdmin):
    list_display = ["number", "tenant", "form", "state", "created_at"]
    list_select_related = ["tenant", "form"]
    found_by = {"pk": "realtime.callback_request"}
    exclude = ["address_digest"]
