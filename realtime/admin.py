"""Live calls for support staff, across all tenants: to be looked at; what changes them are the verbs of the tenants' pages."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.ui.journals import JournalAdmin
from realtime.grants.models import Consent, Grant


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
