"""People, senders and rules for support staff, across all tenants: to be looked at; senders are decided about."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from messaging import senders
from messaging.models import Sender, SmsRules
from messaging.people.models import Contact, Group, OptOut, Template
from portal.tenancy.admin import apply_with_reason
from portal.ui.journals import JournalAdmin


@admin.register(Sender)
class SenderAdmin(JournalAdmin):
    """Searched as Django does: a company has few, and support looks for what is asked for."""

    list_display = ["name", "tenant", "state", "asked_by", "asked_at", "decided_by", "decided_at"]
    list_filter = ["state"]
    list_select_related = ["tenant", "asked_by", "decided_by"]
    search_fields = ["name", "tenant__slug"]
    readonly_fields = ["asked_at"]
    actions = ["allow", "refuse"]

    @admin.action(description=_("Allow…"))
    def allow(self, request: HttpRequest, queryset: QuerySet[Sender]) -> HttpResponse | None:
        title = _("Allow these senders")
        return apply_with_reason(self.admin_site, request, queryset, title, senders.allow_sender)

    @admin.action(description=_("Refuse…"))
    def refuse(self, request: HttpRequest, queryset: QuerySet[Sender]) -> HttpResponse | None:
        title = _("Refuse these senders; the company reads the reason")
        return apply_with_reason(self.admin_site, request, queryset, title, senders.refuse_sender)


@admin.register(SmsRules)
class SmsRulesAdmin(JournalAdmin):
    list_display = ["tenant", "most_recipients_a_day", "most_eur_a_day", "second_person_above", "stop_above_percent"]
    list_select_related = ["tenant"]


@admin.register(Contact)
class ContactAdmin(JournalAdmin):
    list_display = ["number", "name", "tenant", "created_at"]
    list_select_related = ["tenant"]
    found_by = {"pk": "messaging.contact"}
    readonly_fields = ["created_at"]


@admin.register(Group)
class GroupAdmin(JournalAdmin):
    list_display = ["name", "tenant", "created_at"]
    list_select_related = ["tenant"]
    readonly_fields = ["created_at"]


@admin.register(OptOut)
class OptOutAdmin(JournalAdmin):
    list_display = ["number", "tenant", "source", "created_at", "created_by", "lifted_at", "lifted_by"]
    list_select_related = ["tenant", "created_by", "lifted_by"]
    found_by = {"pk": "messaging.opt_out"}


@admin.register(Template)
class TemplateAdmin(JournalAdmin):
    list_display = ["name", "tenant", "changed_at", "changed_by"]
    list_select_related = ["tenant", "changed_by"]
    found_by = {"pk": "messaging.template"}
