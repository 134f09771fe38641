"""What people enter about forms to be called back, and what visitors enter in them."""

from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from portal.search.finding import matching
from portal.ui.forms import CleanText, FilterForm, PortalForm
from realtime.callback.hours import read_span, span_text
from realtime.callback.models import CallbackForm, CallbackRequest
from realtime.callback.origins import read_origin
from realtime.extensions.models import Extension
from realtime.numbers import HOME, BadNumber, beginning_of, callable_number

DAYS = (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))
MOST_ORIGINS, MOST_AN_HOUR = 20, 500
FIELDS = ("name", "agent", "origins", "countries", "greeting", "language", "most_an_hour", "enabled")


class AgentField(forms.ModelChoiceField):
    """Internal numbers and names are the same in many telephone systems."""

    def label_from_instance(self, obj: Extension) -> str:
        return f"{obj} ({obj.number}, {obj.connection.name})"


class CallbackFormForm(PortalForm):
    """A form to embed."""

    name = forms.CharField(label=_("Name"), max_length=80)
    agent = AgentField(
        label=_("Who calls back"),
        queryset=Extension.objects.none(),
        help_text=_("This telephone rings first; when it is answered, the visitor is called."),
    )
    origins = forms.CharField(
        label=_("Sites"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=4_000,
        help_text=_("The sites that may show the form, one a line: https://shop.example. No other site can."),
    )
    countries = forms.CharField(
        label=_("Countries"),
        max_length=200,
        initial=HOME,
        help_text=_("Where visitors may be called, as codes of two letters divided by commas: NL, BE."),
    )
    greeting = forms.CharField(label=_("Heading"), max_length=120, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES, initial="nl")
    most_an_hour = forms.IntegerField(label=_("Most calls an hour"), min_value=1, max_value=MOST_AN_HOUR, initial=20)
    enabled = forms.BooleanField(label=_("Enabled"), required=False, initial=True)

    def __init__(self, *args: Any, agents: QuerySet[Extension], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        agent: Any = self.fields["agent"]
        agent.queryset = agents
        for place, label in enumerate(DAYS):
            day = forms.CharField(label=label, max_length=20, required=False)
            self.fields[f"day_{place}"] = day
        self.fields["day_0"].help_text = _("As 09:00-17:30; empty is closed. All days empty: always open.")

    def clean_origins(self) -> list[str]:
        lines = [line for line in self.cleaned_data["origins"].split("\n") if line.strip()]
        found = list(dict.fromkeys(read_origin(line) for line in lines))
        if len(found) > MOST_ORIGINS:
            raise ValidationError(_("At most %(most)d sites."), code="many", params={"most": MOST_ORIGINS})
        return found

    def clean_countries(self) -> list[str]:
        codes = [part.strip().upper() for part in self.cleaned_data["countries"].split(",") if part.strip()]
        for code in codes:
            if code not in phonenumbers.SUPPORTED_REGIONS:
                raise ValidationError(_("“%(code)s” is no country."), code="country", params={"code": code})
        return list(dict.fromkeys(codes))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for place in range(len(DAYS)):
            try:
                cleaned[f"day_{place}"] = read_span(cleaned.get(f"day_{place}", ""))
            except ValidationError as flaw:
                self.add_error(f"day_{place}", flaw)
        return cleaned

    @property
    def values(self) -> dict[str, Any]:
        """The fields of a CallbackForm."""
        told = {name: self.cleaned_data[name] for name in FIELDS}
        days = [self.cleaned_data[f"day_{place}"] for place in range(len(DAYS))]
        return {**told, "hours": days if any(days) else []}


def form_values(form: CallbackForm) -> dict[str, Any]:
    """What a form about a form begins with."""
    told = {name: getattr(form, name) for name in FIELDS}
    told |= {"origins": "\n".join(form.origins), "countries": ", ".join(form.countries), "agent": form.agent_id}
    return {**told, **{f"day_{place}": span_text(span) for place, span in enumerate(form.hours)}}


class VisitorForm(CleanText, forms.Form):
    """What a visitor fills in. `website` is seen by programs alone; whoever fills it in is one."""

    number = forms.CharField(
        label=_("Your telephone number"),
        max_length=40,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    name = forms.CharField(
        label=pgettext_lazy("of a visitor", "Your name"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    website = forms.CharField(
        label=_("Leave this empty"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args: Any, countries: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.countries = countries

    def clean_number(self) -> str:
        try:
            return callable_number(self.cleaned_data["number"], self.countries)
        except BadNumber as refusal:
            raise ValidationError(str(refusal), code="number") from None


class RequestFilter(FilterForm):
    """`form` takes any number; only the page's select offers those that there are."""

    q = forms.CharField(label=_("Name or number"), max_length=80, widget=forms.TextInput(attrs={"type": "search"}))
    form = forms.IntegerField(
        label=_("Form"), min_value=1, max_value=2**63 - 1, widget=forms.Select(choices=[("", _("All"))])
    )
    state = forms.ChoiceField(label=_("Outcome"), choices=[("", _("All")), *CallbackRequest.State.choices])

    def narrow(self, rows: QuerySet[CallbackRequest]) -> QuerySet[CallbackRequest]:
        chosen = self.chosen()
        if text := chosen.pop("q", ""):
            rows = rows.filter(matching("realtime.callback_request", beginning_of(text).removeprefix("+") or text))
        return rows.filter(**chosen)
