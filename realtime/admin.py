"""Live calls for support staff, across all tenants: to be looked at; what changes them are the verbs of the tenants' pages."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.ui.journals import JournalAdmin
from realtime.callback import admin as callback
from realtime.calls import admin as calls
from realtime.cards import admin as cards
from realtime.hooks import admin as hooks
from realtime.models import Consent, Extension, Grant, RealtimeAccount, Subscription, UserLevel

# Those of the others register themselves when they are read.
__all__ = ["callback", "calls", "cards", "hooks"]


@admin.register(RealtimeAccount)
class RealtimeAccountAdmin(JournalAdmin):
    list_display = ["connection", "tenant", "read_at", "asked_at", "due_at", "last_event_at", "error"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}


@admin.register(Extension)
class ExtensionAdmin(JournalAdmin):
    list_display = ["name", "tenant", "number", "external_number", "kind", "member", "first_seen_at", "gone_at"]
    list_select_related = ["tenant", "member"]
    found_by = {"pk": "realtime.extension"}


@admin.register(UserLevel)
class UserLevelAdmin(JournalAdmin):
    list_display = ["connection", "tenant", "sequence", "quantity", "level", "recorded_at"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}


@admin.register(Subscription)
class SubscriptionAdmin(JournalAdmin):
    list_display = ["vendor_id", "tenant", "state", "mode", "created_at", "seen_at", "last_event_at", "ended_at"]
    list_select_related = ["tenant"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["digest", "grant"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Subscription]:
        return super().get_queryset(request).defer("digest")


@admin.register(Grant)
class GrantAdmin(JournalAdmin):
    list_display = ["pk", "connection", "tenant", "user", "state", "generation", "granted_at", "lost_at"]
    list_select_related = ["tenant", "connection", "user"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["access_token", "refresh_token"]
    readonly_fields = ["granted_at", "access_expires_at", "refresh_expires_at", "refresh_due_at", "lost_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Grant]:
        return super().get_queryset(request).defer("access_token", "refresh_token")


@admin.register(Consent)
class ConsentAdmin(JournalAdmin):
    list_display = ["pk", "connection", "tenant", "user", "personal", "created_at", "used_at", "done_at", "error"]
    list_select_related = ["tenant", "connection", "user"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["answer", "digest", "session_digest"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Consent]:
        return super().get_queryset(request).defer("answer", "digest", "session_digest")
