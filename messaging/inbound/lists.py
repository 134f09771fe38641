"""The list of replies: talks by their newest message, or every message."""

from datetime import timedelta, tzinfo
from typing import Any

from django import forms
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from messaging.campaigns.lookup import number_in
from messaging.inbound.talks import newest_of_each, with_standing
from messaging.lists import LARGEST_ID, DayField, midnight
from messaging.models import InboundMessage, VirtualNumber
from portal.lists.registry import Column, ListSpec, choices_of, register
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.ui.forms import FilterForm


class ReplyFilter(FilterForm):
    """Days are those of the tenant's zone. Which number is checked as a number only."""

    q = forms.CharField(
        label=_("From"), max_length=60, widget=forms.TextInput(attrs={"type": "search", "inputmode": "tel"})
    )
    show = forms.ChoiceField(label=_("Show"), choices=[("", _("The last of each talk")), ("all", _("Every message"))])
    to = forms.IntegerField(
        label=_("To"), widget=forms.Select(choices=[("", _("All"))]), min_value=1, max_value=LARGEST_ID
    )
    since = DayField(label=_("From day"))
    until = DayField(label=_("To day"))

    def narrow(self, rows: QuerySet[InboundMessage], zone: tzinfo) -> QuerySet[InboundMessage]:
        chosen = self.chosen()
        if chosen.get("show") != "all":
            rows = newest_of_each(rows)
        if text := chosen.get("q"):
            # A sender may be a name.
            rows = rows.filter(sender=number_in(text) or text)
        if to := chosen.get("to"):
            rows = rows.filter(to=to)
        if since := chosen.get("since"):
            rows = rows.filter(received_at__gte=midnight(since, zone))
        if until := chosen.get("until"):
            rows = rows.filter(received_at__lt=midnight(until + timedelta(days=1), zone))
        return rows


def _replies(tenant: Tenant) -> QuerySet[InboundMessage]:
    return with_standing().filter(tenant=tenant).defer("to__forward_secret")


def _offers(tenant: Tenant) -> dict[str, QuerySet[Any]]:
    name = Coalesce(NullIf("name", Value("")), F("number"))
    return {"to": choices_of(VirtualNumber.objects.filter(tenant=tenant).order_by("number"), "pk", name)}


REPLIES = ListSpec(
    key="messaging.replies",
    label=_("Replies"),
    url_name="messaging:talks",
    role=Role.VIEWER,
    columns=(
        Column("sender", _("From"), lambda row: row.sender, order=("sender", "pk")),
        Column("to", _("To"), lambda row: row.to.number),
        Column("to_name", _("Name of the number"), lambda row: row.to.name),
        Column("text", _("Text"), lambda row: row.text),
        Column("stop_word", _("Stop word"), lambda row: row.stop_word or None),
        Column("opted_out", _("On the do-not-send list"), lambda row: _("yes") if row.opted_out else _("no")),
        Column("sent", _("Sent"), lambda row: row.sent_at),
        Column("received", _("Received"), lambda row: row.received_at, order=("received_at", "pk")),
    ),
    rows=_replies,
    form=lambda data, tenant: ReplyFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows, tenant.zone),
    order=("-received_at", "-pk"),
    offers=_offers,
)


def register_lists() -> None:
    register(REPLIES)
