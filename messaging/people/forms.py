"""What people type about contacts, groups, the do-not-send list and templates."""

import re
from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from messaging.models import LONGEST_TEXT
from messaging.people.contacts import Person
from messaging.people.models import Contact, Group, GroupMember, OptOut, Template
from messaging.people.refining import EVERYWHERE, number_in, tags_in, values_in, values_text
from portal.search.finding import FEW, AskedOfEachRow, matching
from portal.ui.forms import FilterForm, PortalForm

SEARCH = forms.TextInput(attrs={"type": "search"})
MOST_ENTERED = 1_000
SEPARATORS = re.compile(r"[\s().-]")


def found_by(kind: str, text: str) -> Q:
    """By the beginnings of words; a number by its beginning, however it is written ("06 12", "+31612")."""
    return matching(kind, _international(text))


def _international(text: str) -> str:
    digits = SEPARATORS.sub("", text)
    if not digits.isascii() or not digits.removeprefix("+").isdigit():
        return text
    if digits.startswith("00"):
        return digits[2:]
    return f"31{digits[1:]}" if digits.startswith("0") else digits.removeprefix("+")


def _within(group: int) -> Q:
    """Few are named by their ids; of many, any page finds its rows soon by asking each (as `matching` does)."""
    places = GroupMember.objects.filter(group_id=group)
    ids = list(places.values_list("contact_id", flat=True)[: FEW + 1])
    if len(ids) <= FEW:
        return Q(pk__in=ids)
    return Q(AskedOfEachRow(places.filter(contact_id=OuterRef("pk"))))


class ContactFilter(FilterForm):
    """`group` takes any number; only the page's select offers those that there are."""

    q = forms.CharField(label=_("Name or number"), max_length=80, widget=SEARCH)
    group = forms.IntegerField(
        label=_("Group"), min_value=1, max_value=2**63 - 1, widget=forms.Select(choices=[("", _("All"))])
    )
    tag = forms.CharField(label=_("Tag"), max_length=40)
    opted_out = forms.ChoiceField(
        label=_("Do-not-send list"),
        choices=[("", _("All")), ("no", _("Not on it")), ("yes", _("On it"))],
    )

    def narrow(self, rows: QuerySet[Contact]) -> QuerySet[Contact]:
        chosen = self.chosen()
        if text := chosen.get("q"):
            rows = rows.filter(found_by("messaging.contact", text))
        if group := chosen.get("group"):
            rows = rows.filter(_within(group))
        if tag := chosen.get("tag"):
            rows = rows.filter(tags__contains=[tag.lower()])
        if stands := chosen.get("opted_out"):
            rows = rows.filter(Q(on_list=stands == "yes"))
        return rows


class OptOutFilter(FilterForm):
    q = forms.CharField(label=_("Number or note"), max_length=80, widget=SEARCH)
    state = forms.ChoiceField(
        label=_("State"), choices=[("", _("On the list")), ("lifted", _("Taken off")), ("all", _("All"))]
    )
    source = forms.ChoiceField(label=_("Source"), choices=[("", _("All")), *OptOut.Source.choices])

    def narrow(self, rows: QuerySet[OptOut]) -> QuerySet[OptOut]:
        chosen = self.chosen()
        if text := chosen.get("q"):
            rows = rows.filter(found_by("messaging.opt_out", text))
        if source := chosen.get("source"):
            rows = rows.filter(source=source)
        state = chosen.get("state")
        return rows if state == "all" else rows.filter(lifted_at__isnull=state != "lifted")


class TemplateFilter(FilterForm):
    q = forms.CharField(label=_("Name"), max_length=80, widget=SEARCH)

    def narrow(self, rows: QuerySet[Template]) -> QuerySet[Template]:
        text = self.chosen().get("q")
        return rows.filter(matching("messaging.template", text)) if text else rows


class ContactForm(PortalForm):
    """`countries` are those that the company sends to; a valid form is a `person`."""

    number = forms.CharField(
        label=_("Mobile number"),
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}),
        help_text=_("For example 06 12345678; a foreign one with + and its country."),
    )
    name = forms.CharField(label=_("Name"), max_length=120, required=False)
    tags = forms.CharField(
        label=_("Tags"), max_length=1_000, required=False, help_text=_("Divided by commas, such as customer, utrecht")
    )
    values = forms.CharField(
        label=_("Values for placeholders"),
        max_length=8_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("One a line, such as city = Utrecht; a text with {{ city }} is filled with it."),
    )

    def __init__(self, *args: Any, countries: Collection[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.countries = countries

    def clean_number(self) -> str:
        return number_in(self.cleaned_data["number"], self.countries)

    def clean_tags(self) -> list[str]:
        return tags_in(self.cleaned_data["tags"])

    def clean_values(self) -> dict[str, str]:
        return values_in(self.cleaned_data["values"])

    @property
    def person(self) -> Person:
        return Person(**{name: self.cleaned_data[name] for name in ("number", "name", "tags", "values")})


def contact_values(contact: Contact) -> dict[str, Any]:
    """What a form begins with for a contact that there is."""
    return {
        "number": contact.number,
        "name": contact.name,
        "tags": ", ".join(contact.tags),
        "values": values_text(contact.values),
    }


class NewContactForm(ContactForm):
    """`groups` are rows of the company that the contact is put into."""

    groups = forms.MultipleChoiceField(label=_("Groups"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, groups: Collection[Group], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {str(group.pk): group for group in groups}
        field: Any = self.fields["groups"]
        field.choices = [(pk, group.name) for pk, group in self.known.items()]
        if not self.known:
            del self.fields["groups"]

    @property
    def chosen_groups(self) -> list[Group]:
        return [self.known[pk] for pk in self.cleaned_data.get("groups", [])]


class GroupForm(PortalForm):
    name = forms.CharField(label=_("Name"), max_length=80)


class OptOutForm(PortalForm):
    """A valid form has the numbers as E.164 in `cleaned_data["numbers"]`."""

    numbers = forms.CharField(
        label=_("Mobile numbers"),
        max_length=40_000,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_("One a line. Foreign ones with + and their country, wherever that is."),
    )
    note = forms.CharField(
        label=_("Note"), max_length=200, required=False, help_text=_("Why, or how the person told you.")
    )

    def clean_numbers(self) -> list[str]:
        lines = [(at, line) for at, line in enumerate(self.cleaned_data["numbers"].splitlines(), 1) if line.strip()]
        if len(lines) > MOST_ENTERED:
            raise ValidationError(
                _("At most %(most)s at once. Import a file for more."), code="many", params={"most": MOST_ENTERED}
            )
        found, wrong = [], []
        for at, line in lines:
            try:
                found.append(number_in(line, EVERYWHERE))
            except ValidationError as refusal:
                wrong.append(ValidationError(_("Line %(line)s: %(why)s"), params={"line": at, "why": refusal.message}))
        if wrong:
            raise ValidationError(wrong[:10])
        return found


class LiftForm(PortalForm):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("How you know that this person wants messages again. It stays on record."),
    )


class TemplateForm(PortalForm):
    name = forms.CharField(label=_("Name"), max_length=80)
    text = forms.CharField(
        label=_("Text"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Placeholders such as {{ name }} are filled for each recipient."),
    )
