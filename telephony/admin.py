"""Telephony for support staff, across all tenants: to be looked at; what changes it are the verbs of the tenants' pages."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.ui.journals import JournalAdmin
from telephony.models import (
    CallScript,
    Drift,
    ExternalScript,
    MirrorState,
    ScriptChange,
    ScriptTrial,
    SetupLink,
    SipAccount,
    SipLevel,
)


@admin.register(SipAccount)
class SipAccountAdmin(JournalAdmin):
    list_display = ["username", "tenant", "state", "name", "internal_number", "external_number", "created_at"]
    list_filter = ["state"]
    list_select_related = ["tenant"]
    found_by = {"pk": "telephony.sip_account"}
    exclude = ["password", "fingerprint"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SipAccount]:
        return super().get_queryset(request).defer("password")


@admin.register(SipLevel)
class SipLevelAdmin(JournalAdmin):
    list_display = ["connection", "tenant", "sequence", "quantity", "level", "cause", "vendor_at", "recorded_at"]
    list_select_related = ["tenant", "connection"]
    found_by = {"account_id": "telephony.sip_account", "connection_id": "vendors.connection"}


@admin.register(SetupLink)
class SetupLinkAdmin(JournalAdmin):
    list_display = ["account", "tenant", "sent_to", "made_by", "made_at", "expires_at", "opened_at", "revoked_at"]
    list_select_related = ["tenant", "account", "made_by"]
    found_by = {"account_id": "telephony.sip_account"}
    exclude = ["secret_digest"]
    readonly_fields = ["made_at"]


@admin.register(ExternalScript)
class ExternalScriptAdmin(JournalAdmin):
    list_display = ["connection", "tenant", "name", "hosted", "vendor_updated_at", "read_at"]
    list_select_related = ["tenant", "connection", "hosted"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["url"]


@admin.register(ScriptChange)
class ScriptChangeAdmin(JournalAdmin):
    list_display = ["pk", "connection", "tenant", "hosted", "requested_by", "created_at"]
    list_select_related = ["tenant", "connection", "hosted", "requested_by"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["url"]
    readonly_fields = ["created_at"]


@admin.register(CallScript)
class CallScriptAdmin(JournalAdmin):
    list_display = ["name", "tenant", "published", "published_at", "published_by", "deleted_at"]
    list_select_related = ["tenant", "published", "published_by"]
    exclude = ["address"]
    readonly_fields = ["created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CallScript]:
        return super().get_queryset(request).defer("address", "published__text")


@admin.register(Drift)
class DriftAdmin(JournalAdmin):
    list_display = ["key", "tenant", "kind", "state", "first_seen_at", "last_seen_at", "decided_by"]
    list_filter = ["kind"]
    list_select_related = ["tenant", "decided_by"]
    found_by = {"connection_id": "vendors.connection"}


@admin.register(MirrorState)
class MirrorStateAdmin(JournalAdmin):
    list_display = ["connection", "tenant", "read_at", "asked_at", "due_at", "error"]
    list_select_related = ["tenant", "connection"]
    found_by = {"connection_id": "vendors.connection"}


@admin.register(ScriptTrial)
class ScriptTrialAdmin(JournalAdmin):
    """What came back, and what the call said, are the company's: to be seen on its own pages."""

    list_display = ["pk", "connection", "tenant", "way", "hosted", "requested_by", "asked_at", "ended_at", "flaw"]
    list_select_related = ["tenant", "connection", "hosted", "requested_by"]
    found_by = {"connection_id": "vendors.connection"}
    exclude = ["url", "answer", "parameters"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScriptTrial]:
        return super().get_queryset(request).defer("url", "answer", "parameters")
