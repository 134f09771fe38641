"""Filters of the audit trail."""

from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from portal.audit.labels import labelled_in_tenants
from portal.audit.models import Entry
from portal.ui.forms import FilterForm


class EntryFilter(FilterForm):
    """`object` is text in the name of what it was done to, or "operations.operation:12" for exactly that one."""

    person = forms.CharField(
        label=_("Who"), max_length=254, widget=forms.TextInput(attrs={"type": "search", "placeholder": _("E-mail…")})
    )
    action = forms.ChoiceField(label=_("What"))
    object = forms.CharField(label=_("Of what"), max_length=200, widget=forms.TextInput(attrs={"type": "search"}))
    since = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["action"].choices = [("", _("Anything")), *labelled_in_tenants()]  # type: ignore[attr-defined]

    def narrow(self, entries: QuerySet[Entry], zone: tzinfo) -> QuerySet[Entry]:
        """Those of `entries` that were asked for; days begin and end in `zone`, both are included."""
        chosen = self.chosen()
        conditions = [_CONDITIONS[name](chosen[name]) for name in _CONDITIONS if name in chosen]
        if "since" in chosen:
            conditions.append(Q(at__gte=_midnight(chosen["since"], zone)))
        if "until" in chosen and chosen["until"] < date.max:
            conditions.append(Q(at__lt=_midnight(chosen["until"] + timedelta(days=1), zone)))
        return entries.filter(*conditions)


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def _about(text: str) -> Q:
    kind, colon, number = text.partition(":")
    if colon and "." in kind and number.isascii() and number.isdigit():
        return Q(object_type=kind, object_id=number)
    return Q(object_label__icontains=text)


_CONDITIONS = {
    "person": lambda text: Q(actor_label__icontains=text) | Q(on_behalf_of_label__icontains=text),
    "action": lambda action: Q(action=action),
    "object": _about,
}
