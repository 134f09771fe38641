"""How people look through the calls that were."""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.search.finding import LAST
from portal.ui.forms import FilterForm
from realtime.calls.models import Call, LegState
from realtime.calls.parties import DIGITS, canonical
from realtime.cards.models import CardNumber
from realtime.events.models import Event
from realtime.events_wire import canonical_type
from realtime.extensions.models import Extension
from realtime.numbers import beginning_of

# Fewer digits would be found in every number.
LEAST_DIGITS = 2
# Who is called by a word that fits so many is looked for by a longer one.
MOST_NAMED = 500
NUMBER_MARKS = str.maketrans("", "", " -./()")
_DAYS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2200, 1, 1))]


def _day(label: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(attrs={"type": "date"}), validators=_DAYS)


class CallFilter(FilterForm):
    """`q` is the beginning of a number, or a part of a name; days are those of the company's zone, both included."""

    q = forms.CharField(label=_("Number or name"), max_length=100, widget=forms.TextInput(attrs={"type": "search"}))
    direction = forms.ChoiceField(
        label=_("Direction"),
        choices=[
            ("", _("All")),
            ("inbound", _("Inbound")),
            ("outbound", _("Outbound")),
            ("internal", _("Internal")),
        ],
    )
    state = forms.ChoiceField(label=_("State"), choices=[("", _("All")), *LegState.choices])
    extension = forms.IntegerField(
        label=_("Extension"), min_value=1, max_value=2**63 - 1, widget=forms.Select(choices=[("", _("All"))])
    )
    since = _day(_("From"))
    until = _day(_("Until"))

    def narrow(self, rows: QuerySet[Call], zone: tzinfo) -> QuerySet[Call]:
        chosen = self.chosen()
        for name in ("direction", "state"):
            if name in chosen:
                rows = rows.filter(**{name: chosen[name]})
        if extension := chosen.get("extension"):
            rows = rows.filter(Q(from_extension=extension) | Q(to_extension=extension))
        if since := chosen.get("since"):
            rows = rows.filter(began_at__gte=_midnight(since, zone))
        if until := chosen.get("until"):
            rows = rows.filter(began_at__lt=_midnight(until + timedelta(days=1), zone))
        return rows.filter(_named(chosen["q"])) if "q" in chosen else rows


class EventFilter(FilterForm):
    """`waiting` are those that nobody has read yet."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[("", _("All")), *(pair for pair in Event.Outcome.choices if pair[0]), ("waiting", _("Not read yet"))],
    )
    event_type = forms.CharField(label=_("Type"), max_length=40, widget=forms.TextInput(attrs={"type": "search"}))

    def narrow(self, rows: QuerySet[Event]) -> QuerySet[Event]:
        chosen = self.chosen()
        if outcome := chosen.get("outcome"):
            rows = rows.filter(handled_at=None) if outcome == "waiting" else rows.filter(outcome=outcome)
        if event_type := chosen.get("event_type"):
            rows = rows.filter(event_type=canonical_type(event_type))
        return rows


def _named(text: str) -> Q:
    """Calls of a number that begins so, however it is written, or of somebody whose name says so."""
    bare = text.translate(NUMBER_MARKS)
    if DIGITS.fullmatch(bare.removeprefix("+")):
        return _of_number(bare) if len(bare) >= LEAST_DIGITS else Q()
    extensions = Extension.objects.filter(name__icontains=text).values("pk")[:MOST_NAMED]
    cards = Q(card__name__icontains=text) | Q(card__company__icontains=text)
    numbers = CardNumber.objects.filter(cards).values("number")[:MOST_NAMED]
    return (
        Q(from_extension__in=extensions)
        | Q(to_extension__in=extensions)
        | Q(from_number__in=numbers)
        | Q(to_number__in=numbers)
    )


def _of_number(bare: str) -> Q:
    """An internal number as it is, an external one with its +: nobody knows yet which of them is being typed."""
    found = Q()
    for start in {bare, canonical(bare), f"+{bare.removeprefix('+')}", beginning_of(bare)}:
        found |= _begins("from_number", start) | _begins("to_number", start)
    return found


def _begins(field: str, start: str) -> Q:
    """A range, which an index answers; behind the wall none answers LIKE (decision 0030)."""
    return Q(**{f"{field}__gte": start, f"{field}__lt": start + LAST})


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone)
