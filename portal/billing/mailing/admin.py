"""Statements by mail for support staff: which addresses there are, and what became of each mail."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.billing.mailing.models import BillingContact, StatementMail
from portal.ui.journals import JournalAdmin


@admin.register(BillingContact)
class BillingContactAdmin(JournalAdmin):
    list_display = ["tenant", "email", "state", "active", "added_at", "confirmed_at"]
    list_select_related = ["tenant"]
    fields = ["tenant", "email", "state", "active", "language", "forms", "added_at", "added_by", "confirmed_at"]
    readonly_fields = ["added_at", "added_by", "confirmed_at"]


@admin.register(StatementMail)
class StatementMailAdmin(JournalAdmin):
    list_display = ["tenant", "statement", "contact", "state", "reason", "created_at", "ended_at"]
    list_select_related = ["tenant", "statement", "contact"]
    fields = ["tenant", "statement", "contact", "state", "reason", "attempts", "asked_by", "created_at", "ended_at"]
    readonly_fields = ["reason", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("statement__canonical")

    @admin.display(description=_("why"))
    def reason(self, mail: StatementMail) -> str:
        return str(mail.reason) or "–"
