"""What people choose about extensions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.search.finding import matching
from portal.tenancy.models import User
from portal.ui.forms import FilterForm, PortalForm
from realtime.extensions.models import CallerId, Extension, Favourite

LARGEST_ID = 2**63 - 1
RECENT = timedelta(days=7)


class DirectoryFilter(FilterForm):
    """`of` is whose favourites are meant; the page says it, and nobody types it."""

    q = forms.CharField(label=_("Name or number"), max_length=200, widget=forms.TextInput(attrs={"type": "search"}))
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("All kinds")), *Extension.Kind.choices])
    show = forms.ChoiceField(
        label=_("Show"),
        choices=[
            ("", _("All that are there")),
            ("favourites", _("My favourites")),
            ("new", _("New in the last week")),
            ("changed", _("Changed in the last week")),
            ("gone", _("Gone")),
            ("all", _("All, gone ones too")),
        ],
    )
    connection = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_ID)
    of = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_ID)

    def narrow(self, rows: QuerySet[Extension]) -> QuerySet[Extension]:
        chosen = self.chosen()
        for name in ("connection", "kind"):
            if name in chosen:
                rows = rows.filter(**{name: chosen[name]})
        rows = _shown(rows, chosen.get("show", ""), chosen.get("of"))
        if text := chosen.get("q"):
            rows = rows.filter(matching("realtime.extension", text))
        return rows


def _shown(rows: QuerySet[Extension], show: str, user_id: int | None) -> QuerySet[Extension]:
    if show == "all":
        return rows
    if show == "gone":
        return rows.filter(gone_at__isnull=False)
    rows = rows.filter(gone_at=None)
    if show == "favourites":
        return rows.filter(pk__in=Favourite.objects.filter(user=user_id).values("extension"))
    if show:
        since = {"new": "first_seen_at__gte", "changed": "changed_at__gte"}[show]
        return rows.filter(**{since: timezone.now() - RECENT})
    return rows


class CallerIdForm(PortalForm):
    """Which of the numbers that the vendor offers is shown."""

    caller_id = forms.ChoiceField(label=_("Caller ID"))

    def __init__(self, *args: Any, offered: Sequence[CallerId], **more: Any) -> None:
        super().__init__(*args, **more)
        self._offered = {str(each.pk): each for each in offered}
        choices = [(pk, each.number) for pk, each in self._offered.items()]
        self.fields["caller_id"].choices = choices  # type: ignore[attr-defined]

    @property
    def chosen(self) -> CallerId:
        return self._offered[self.cleaned_data["caller_id"]]


class MemberForm(PortalForm):
    """Whose telephone it is."""

    member = forms.ChoiceField(label=_("Person of this portal"), required=False)

    def __init__(self, *args: Any, members: Sequence[User], **more: Any) -> None:
        super().__init__(*args, **more)
        self._people = {str(user.pk): user for user in members}
        named = [(pk, f"{user} ({user.email})" if user.name else user.email) for pk, user in self._people.items()]
        self.fields["member"].choices = [("", _("Nobody")), *named]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> User | None:
        return self._people.get(self.cleaned_data["member"])
