"""Filters of the audit trail."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from portal.audit.labels import labelled_in_tenants
from portal.audit.models import Entry
from portal.ui.forms import FilterForm

LARGEST_ID = 2**63 - 1
BY_THE_PORTAL = 0
# A search looks at rows one after the other, for behind the wall no index of texts may be used: here it ends.
SEARCHED = 20_000
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2200, 1, 1))]


def _day(label: Any) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, validators=_DAYS)


class EntryFilter(FilterForm):
    """Above the list, which offers people. `object` is "operations.operation:12"; days are those of the tenant's zone."""

    q = forms.CharField(
        label=_("Search"),
        max_length=100,
        widget=forms.TextInput(attrs={"type": "search", "placeholder": _("Who, of what, why…")}),
    )
    person = forms.IntegerField(
        label=_("Who"),
        min_value=BY_THE_PORTAL,
        max_value=LARGEST_ID,
        widget=forms.Select(choices=[("", _("Anybody")), (BY_THE_PORTAL, _("Patchbay itself"))]),
    )
    action = forms.ChoiceField(label=_("What"))
    since, until = _day(_("From")), _day(_("To"))
    request = forms.SlugField(label=_("Request"), max_length=40)
    object = forms.RegexField(r"^[a-z_]+\.[a-z_]+:[0-9]+$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["action"].choices = [("", _("Anything")), *labelled_in_tenants()]  # type: ignore[attr-defined]

    def narrow(self, entries: QuerySet[Entry], zone: tzinfo) -> QuerySet[Entry]:
        """Those of `entries` that were asked for; days begin and end in `zone`, both are included."""
        chosen = self.chosen()
        entries = entries.filter(*(_CONDITIONS[name](chosen[name]) for name in _CONDITIONS if name in chosen))
        if since := chosen.get("since"):
            entries = entries.filter(at__gte=_midnight(since, zone))
        if until := chosen.get("until"):
            entries = entries.filter(at__lt=_midnight(until + timedelta(days=1), zone))
        return _searched(entries, chosen["q"]) if "q" in chosen else entries


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _of_person(pk: int) -> Q:
    """What somebody did, and what was done on somebody's behalf."""
    return Q(actor=pk) | Q(on_behalf_of=pk) if pk else Q(actor=None)


def _of_object(ref: str) -> Q:
    object_type, _colon, number = ref.partition(":")
    return Q(object_type=object_type, object_id=number)


def _searched(entries: QuerySet[Entry], text: str) -> QuerySet[Entry]:
    oldest = entries.order_by("-at", "-pk").values("at")[SEARCHED : SEARCHED + 1]
    told = Q(actor_label__icontains=text) | Q(on_behalf_of_label__icontains=text) | Q(object_label__icontains=text)
    return entries.filter(told | Q(reason__icontains=text), at__gt=Coalesce(Subquery(oldest), Value(LONG_AGO)))


_CONDITIONS = {
    "person": _of_person,
    "action": lambda action: Q(action=action),
    "request": lambda request_id: Q(request_id=request_id),
    "object": _of_object,
}
