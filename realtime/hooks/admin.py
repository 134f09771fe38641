"""Outgoing webhooks for support staff, across all tenants: to be looked at."""

from django.contrib import admin

from portal.ui.journals import JournalAdmin
from realtime.hooks.models import Delivery, Endpoint


@admin.register(Endpoint)
class EndpointAdmin(JournalAdmin):
    list_display = ["name", "tenant", "url", "enabled", "failing_since", "disabled_at"]
    list_select_related = ["tenant"]
    readonly_fields = ["url", "created_at", "previous_until"]


@admin.register(Delivery)
class DeliveryAdmin(JournalAdmin):
    """Without what was told: that is the company's."""

    list_display = ["message_id", "tenant", "endpoint", "event", "state", "tries", "status", "created_at"]
    list_select_related = ["tenant", "endpoint"]
    exclude = ["body"]
