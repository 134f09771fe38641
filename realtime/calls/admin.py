"""Calls and events for support staff, across all tenants: to be looked at."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.ui.journals import JournalAdmin
from portal.vendors.models import SEALED_OF_CONNECTION
from realtime.calls.models import Call, Leg
from realtime.events.models import Event


@admin.register(Call)
class CallAdmin(JournalAdmin):
    list_display = ["pk", "tenant", "began_at", "direction", "from_number", "to_number", "state", "last_event_at"]
    list_select_related = ["tenant"]
    found_by = {"connection_id": "vendors.connection"}
    readonly_fields = ["unsure_at", "version"]


@admin.register(Leg)
class LegAdmin(JournalAdmin):
    list_display = ["vendor_id", "tenant", "call", "began_at", "from_number", "to_number", "state", "ended_at"]
    list_select_related = ["tenant", "call"]
    found_by = {"connection_id": "vendors.connection"}
    readonly_fields = ["ends", "heard_at"]


@admin.register(Event)
class EventAdmin(JournalAdmin):
    list_display = ["key", "tenant", "connection", "event_type", "told_at", "received_at", "handled_at", "outcome"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["body"]
    readonly_fields = ["as_it_came"]

    @admin.display(description=_("As it came"))
    def as_it_came(self, event: Any) -> str:
        return bytes(event.body).decode(errors="replace")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        return super().get_queryset(request).defer(*SEALED_OF_CONNECTION)
