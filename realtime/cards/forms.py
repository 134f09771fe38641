"""What people type about customer cards."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.search.finding import LAST, matching
from portal.ui.forms import FilterForm, PortalForm
from realtime.cards.keeping import MOST_NUMBERS, Customer, numbers_of
from realtime.cards.matching import check_link
from realtime.cards.models import Card, CardNumber
from realtime.numbers import BadNumber, beginning_of, read_number

SEPARATORS = re.compile(r"[,;|\n]")


def numbers_in(text: str) -> list[str]:
    """E.164, each once, of numbers divided by commas, semicolons, bars or lines. Raises BadNumber, ValidationError."""
    written = [part.strip() for part in SEPARATORS.split(text) if part.strip()]
    numbers = list(dict.fromkeys(read_number(part).e164 for part in written))
    if len(numbers) > MOST_NUMBERS:
        raise ValidationError(_("A card has at most %(most)d numbers."), code="many", params={"most": MOST_NUMBERS})
    return numbers


class CardFilter(FilterForm):
    q = forms.CharField(
        label=_("Name, company, reference or number"), max_length=80, widget=forms.TextInput(attrs={"type": "search"})
    )

    def narrow(self, rows: QuerySet[Card]) -> QuerySet[Card]:
        text = self.chosen().get("q")
        return rows.filter(_found_by(text)) if text else rows


def _found_by(text: str) -> Q:
    """A number by its beginning, however it is written; everything else by the beginnings of words."""
    words, begins = matching("realtime.card", text), beginning_of(text)
    if not begins:
        return words
    return words | Q(pk__in=CardNumber.objects.filter(number__gte=begins, number__lt=begins + LAST).values("card_id"))


class CardForm(PortalForm):
    """A customer."""

    name = forms.CharField(label=_("Name"), max_length=120)
    numbers = forms.CharField(
        label=_("Numbers"),
        max_length=400,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line, as people write them: 020 1234567 or +31201234567."),
    )
    company = forms.CharField(label=_("Company"), max_length=120, required=False)
    reference = forms.CharField(
        label=_("Reference"), max_length=120, required=False, help_text=_("What your CRM calls this customer.")
    )
    note = forms.CharField(label=_("Note"), max_length=500, required=False)

    def clean_numbers(self) -> list[str]:
        try:
            return numbers_in(self.cleaned_data["numbers"])
        except BadNumber as refusal:
            raise ValidationError(str(refusal), code="number") from None

    @property
    def customer(self) -> Customer:
        return Customer(**{name: value for name, value in self.cleaned_data.items() if name != "form_key"})


def card_values(card: Card) -> dict[str, Any]:
    """What a form begins with."""
    told = {name: getattr(card, name) for name in ("name", "company", "reference", "note")}
    return {**told, "numbers": "\n".join(numbers_of(card))}


class LinkForm(PortalForm):
    """Where cards lead."""

    link = forms.CharField(
        label=_("Address in your CRM"),
        max_length=500,
        required=False,
        help_text=_(
            "It begins with https://, and may have the places {number} and {reference}. Empty: cards lead nowhere."
        ),
    )

    def clean_link(self) -> str:
        link = self.cleaned_data["link"]
        if link:
            check_link(link)
        return link
