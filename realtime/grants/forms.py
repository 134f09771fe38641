"""What people fill in to connect: what it is for, and how the vendor is asked."""

from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from portal.ui.forms import FilterForm, PortalForm
from portal.vendors.addresses import check_token_url
from portal.vendors.forms import UNSAVED
from realtime.grants.models import Grant
from realtime.grants.scopes import Purpose, company_purposes, personal_purposes


class PurposesForm(PortalForm):
    """What somebody wants to do; the scopes follow from it."""

    purposes = forms.MultipleChoiceField(label=_("What it is for"), widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, offered: list[Purpose], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purposes"].choices = [(purpose.key, _label(purpose)) for purpose in offered]  # type: ignore[attr-defined]


def company_form(data: Any = None, *, chosen: list[str]) -> PurposesForm:
    return PurposesForm(data, offered=company_purposes(), initial={"purposes": chosen}, prefix="company")


def own_form(data: Any = None) -> PurposesForm:
    offered = personal_purposes()
    return PurposesForm(data, offered=offered, initial={"purposes": [each.key for each in offered]}, prefix="own")


def _label(purpose: Purpose) -> str:
    if not purpose.needs_admin:
        return str(purpose.label)
    return gettext("%(purpose)s (needs an admin of the telephone system)") % {"purpose": purpose.label}


class AskingForm(PortalForm):
    """Where people consent, and where the application's secret stands when tokens are asked for."""

    authorize_url = forms.CharField(
        label=_("Address of the consent page"),
        max_length=300,
        validators=[check_token_url],
        widget=forms.URLInput(attrs=UNSAVED),
        help_text=_("With a white-label host of your own it is on that host."),
    )
    secret_in_body = forms.TypedChoiceField(
        label=_("Client ID and secret are sent"),
        choices=[(0, _("in the header (usual)")), (1, _("in the body"))],
        coerce=lambda value: value == "1",
        widget=forms.RadioSelect,
    )


class GrantFilter(FilterForm):
    """Permissions by who gave them for themselves, and by their state."""

    q = forms.CharField(label=_("Person"), max_length=120, widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(label=_("State"), choices=[("", _("All")), *Grant.State.choices])

    def narrow(self, grants: QuerySet[Grant]) -> QuerySet[Grant]:
        chosen = self.chosen()
        if person := chosen.get("q"):
            grants = grants.filter(Q(user__email__icontains=person) | Q(user__name__icontains=person))
        state = chosen.get("state")
        return grants.filter(state=state) if state else grants
