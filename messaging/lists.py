"""The lists of campaigns, messages and replies: what their columns say, and how an address narrows them."""

from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf
from django.utils.translation import gettext_lazy as _

from messaging.campaigns.lookup import number_in
from messaging.campaigns.tally import tally_of
from messaging.inbound.talks import newest_of_each, with_standing
from messaging.models import Campaign, InboundMessage, Message, MessageState, VirtualNumber
from messaging.reports.codes import meaning_of
from portal.lists.registry import Column, ListSpec, choices_of, register
from portal.search.finding import matching
from portal.tenancy.lists import people_of
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from portal.ui.forms import FilterForm
from portal.vendors.models import Connection

LARGEST_ID = 2**63 - 1
# What only the page of one campaign reads.
LONG = ("text", "audience", "plan", "stopped_because")
VENDOR = "kpn_sms"


class DayField(forms.DateField):
    """A day of the years that the portal can have seen; others cannot be reckoned with in every zone."""

    default_validators = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2200, 1, 1))]

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


# --- Campaigns --------------------------------------------------------------------------------------------------------


class CampaignFilter(FilterForm):
    """Days are those of the tenant's zone. Whom and what the list offers is checked as a number only."""

    q = forms.CharField(label=_("Search"), max_length=200, widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(
        label=_("State"),
        choices=[
            ("", _("All")),
            ("living", _("Not ended")),
            ("person", _("Wants a person")),
            *Campaign.State.choices,
        ],
    )
    connection = forms.IntegerField(
        label=_("Connection"),
        widget=forms.Select(choices=[("", _("All"))]),
        min_value=1,
        max_value=LARGEST_ID,
    )
    by = forms.IntegerField(
        label=_("Made by"), widget=forms.Select(choices=[("", _("Everybody"))]), min_value=1, max_value=LARGEST_ID
    )
    since = DayField(label=_("From"))
    until = DayField(label=_("To"))

    def narrow(self, rows: QuerySet[Campaign], zone: tzinfo) -> QuerySet[Campaign]:
        chosen = self.chosen()
        if text := chosen.get("q"):
            rows = rows.filter(matching("messaging.campaign", text))
        rows = _in_state(rows, chosen.get("state", ""))
        if connection := chosen.get("connection"):
            rows = rows.filter(connection=connection)
        if by := chosen.get("by"):
            rows = rows.filter(created_by=by)
        if since := chosen.get("since"):
            rows = rows.filter(created_at__gte=midnight(since, zone))
        if until := chosen.get("until"):
            rows = rows.filter(created_at__lt=midnight(until + timedelta(days=1), zone))
        return rows


def _in_state(rows: QuerySet[Campaign], state: str) -> QuerySet[Campaign]:
    match state:
        case "":
            return rows
        case "living":
            return rows.exclude(state__in=Campaign.ENDED)
        case "person":
            return rows.filter(state__in=Campaign.WANTS_A_PERSON)
    return rows.filter(state=state)


def midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _campaigns(tenant: Tenant) -> QuerySet[Campaign]:
    return Campaign.objects.for_list().with_counts().filter(tenant=tenant).select_related("released_by").defer(*LONG)


def _offers(tenant: Tenant) -> dict[str, QuerySet[Any]]:
    connections = Connection.objects.filter(tenant=tenant, vendor=VENDOR).order_by("name")
    return {"connection": choices_of(connections, "pk", "name"), "by": people_of(tenant)}


CAMPAIGNS = ListSpec(
    key="messaging.campaigns",
    label=_("Campaigns"),
    url_name="messaging:campaigns",
    role=Role.VIEWER,
    columns=(
        Column("name", _("Name"), lambda row: row.name, order=("name", "pk")),
        Column("state", _("State"), lambda row: row.get_state_display()),
        Column("sender", _("Sender"), lambda row: row.sender),
        Column("connection", _("Connection"), lambda row: row.connection.name),
        Column("recipients", _("Recipients"), lambda row: row.recipients),
        Column("parts", _("Parts"), lambda row: row.parts),
        Column("eur", _("Price (EUR)"), lambda row: row.eur),
        Column("waiting", _("Waiting"), lambda row: tally_of(row).waiting),
        Column("on_its_way", _("Handed over"), lambda row: tally_of(row).on_its_way),
        Column("delivered", _("Delivered"), lambda row: tally_of(row).delivered),
        Column("failed", _("Failed"), lambda row: tally_of(row).failed),
        Column("unknown", _("Unknown"), lambda row: tally_of(row).unknown),
        Column("not_sent", _("Not sent"), lambda row: tally_of(row).not_sent),
        Column("made", _("Made"), lambda row: row.created_at, order=("created_at", "pk")),
        Column("by", _("Made by"), lambda row: row.created_by.email if row.created_by else None),
        Column("released", _("Released"), lambda row: row.released_at),
        Column("released_by", _("Released by"), lambda row: row.released_by.email if row.released_by else None),
        Column("starts", _("Starts"), lambda row: row.starts_at),
        Column("began", _("Began"), lambda row: row.began_at),
        Column("ended", _("Ended"), lambda row: row.ended_at),
    ),
    rows=_campaigns,
    form=lambda data, tenant: CampaignFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows, tenant.zone),
    offers=_offers,
)


# --- Messages ---------------------------------------------------------------------------------------------------------


class MessageFilter(FilterForm):
    q = forms.CharField(
        label=_("Mobile number"), max_length=60, widget=forms.TextInput(attrs={"type": "search", "inputmode": "tel"})
    )
    state = forms.ChoiceField(label=_("State"), choices=[("", _("All")), *MessageState.choices])
    code = forms.CharField(label=_("Vendor's code"), max_length=20)
    campaign = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_ID)
    batch = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_ID)

    def narrow(self, rows: QuerySet[Message]) -> QuerySet[Message]:
        chosen = self.chosen()
        for name in ("state", "code", "campaign", "batch"):
            if name in chosen:
                rows = rows.filter(**{name: chosen[name]})
        if text := chosen.get("q"):
            rows = rows.filter(number=number_in(text))
        return rows


def _messages(tenant: Tenant) -> QuerySet[Message]:
    rows = Message.objects.filter(tenant=tenant).select_related("campaign", "batch")
    return rows.only(
        *(field.name for field in Message._meta.concrete_fields if field.name != "text"),
        "campaign__name",
        "campaign__tenant",
        "batch__number",
        "batch__taken_at",
        "batch__tenant",
    )


def _meaning(code: str) -> str | None:
    found = meaning_of(code)
    return str(found.words) if found else None


def _advice(code: str) -> str | None:
    found = meaning_of(code)
    return str(found.advice.label) if found else None


MESSAGES = ListSpec(
    key="messaging.messages",
    label=_("Messages"),
    url_name="messaging:messages",
    role=Role.VIEWER,
    columns=(
        Column("number", _("Mobile number"), lambda row: row.number, order=("number", "pk")),
        Column("state", _("State"), lambda row: row.get_state_display()),
        Column("since", _("Since"), lambda row: row.state_at),
        Column("code", _("Vendor's code"), lambda row: row.code or None),
        Column("meaning", _("Meaning"), lambda row: _meaning(row.code)),
        Column("advice", _("Advice"), lambda row: _advice(row.code)),
        Column("country", _("Country"), lambda row: row.country),
        Column("parts", _("Parts"), lambda row: row.parts),
        Column("campaign", _("Campaign"), lambda row: row.campaign.name),
        Column("batch", _("Batch"), lambda row: row.batch.number),
        Column("line", _("Line"), lambda row: row.line),
        Column("taken", _("Taken by the vendor"), lambda row: row.batch.taken_at),
    ),
    rows=_messages,
    form=lambda data, tenant: MessageFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    # The latest one of each number first.
    order=("number", "-pk"),
)


# --- Replies ----------------------------------------------------------------------------------------------------------


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


def _numbers(tenant: Tenant) -> dict[str, QuerySet[Any]]:
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
    offers=_numbers,
)


def register_lists() -> None:
    for spec in (CAMPAIGNS, MESSAGES, REPLIES):
        register(spec)
