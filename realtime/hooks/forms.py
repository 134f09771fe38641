"""What people enter about outgoing webhooks."""

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.ui.forms import FilterForm, PortalForm
from portal.vendors.addresses import check_customer_url
from realtime.hooks.events import EVENTS, TEST
from realtime.hooks.models import Delivery, Endpoint


class EndpointForm(PortalForm):
    """An address, and what it is told."""

    name = forms.CharField(label=_("Name"), max_length=80)
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("Each message is posted there as JSON, signed. It begins with https://."),
    )
    events = forms.MultipleChoiceField(
        label=_("What it is told"), choices=list(EVENTS.items()), widget=forms.CheckboxSelectMultiple
    )

    def clean_url(self) -> str:
        check_customer_url(self.cleaned_data["url"])
        return self.cleaned_data["url"]


class DeliveryFilter(FilterForm):
    """`endpoint` takes any number; only the page's select offers those that there are."""

    q = forms.CharField(label=_("ID of a message"), max_length=60, widget=forms.TextInput(attrs={"type": "search"}))
    endpoint = forms.IntegerField(
        label=_("Webhook"), min_value=1, max_value=2**63 - 1, widget=forms.Select(choices=[("", _("All"))])
    )
    event = forms.ChoiceField(label=_("Event"), choices=[("", _("All")), *EVENTS.items(), (TEST, _("Test"))])
    state = forms.ChoiceField(label=_("State"), choices=[("", _("All")), *Delivery.State.choices])

    def narrow(self, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
        chosen = self.chosen()
        if message_id := chosen.pop("q", ""):
            rows = rows.filter(message_id=message_id)
        return rows.filter(**chosen)


def endpoint_values(endpoint: Endpoint) -> dict[str, object]:
    """What a form begins with."""
    return {name: getattr(endpoint, name) for name in ("name", "url", "events")}
