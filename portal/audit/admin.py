"""The audit trail of all tenants, and of acts outside any tenant, for support staff."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from portal.audit.labels import label_of, labelled
from portal.audit.models import Entry
from portal.ui.journals import JournalAdmin


class ActFilter(admin.SimpleListFilter):
    """By the registry, not by asking the trail which acts it has."""

    title, parameter_name = _("what"), "act"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return labelled()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        return queryset.filter(action=self.value()) if self.value() else queryset


@admin.register(Entry)
class EntryAdmin(JournalAdmin):
    list_display = ["at", "tenant", "actor_label", "act", "object_label", "ip_address"]
    list_filter = [ActFilter]
    list_select_related = ["tenant"]
    found_exactly = ["request_id"]
    search_help_text = _("The id of a request. A company's address before it, or alone, narrows to that company.")
    ordering = ["-at", "-id"]

    @admin.display(description=_("what"), ordering="action")
    def act(self, entry: Entry) -> Any:
        return label_of(entry.action)
