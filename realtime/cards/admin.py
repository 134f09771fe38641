"""Customer cards for support staff, across all tenants: to be looked at."""

from django.contrib import admin

from portal.ui.journals import JournalAdmin, JournalInline
from realtime.cards.models import Card, CardNumber, CardRules


class CardNumberInline(JournalInline):
    model = CardNumber
    fields = ["number"]


@admin.register(Card)
class CardAdmin(JournalAdmin):
    list_display = ["name", "company", "tenant", "changed_at"]
    list_select_related = ["tenant"]
    found_by = {"pk": "realtime.card"}
    inlines = [CardNumberInline]


@admin.register(CardRules)
class CardRulesAdmin(JournalAdmin):
    list_display = ["tenant", "link"]
    list_select_related = ["tenant"]
