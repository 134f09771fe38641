"""What people fill in to write a campaign: the text, to whom, when."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import CharField, F, Func, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from messaging.campaigns import audience
from messaging.campaigns.audience import Audience
from messaging.campaigns.drafts import Draft
from messaging.models import LONGEST_TEXT, LONGEST_TEXT_IN_TEST, Campaign, Contact, Group, SmsAccount, Template
from messaging.rules import allowed_senders
from messaging.texts.numbers import BadNumber, Kind, normalise
from messaging.texts.parts import measure
from messaging.texts.placeholders import broken, key_of, names_in, without
from portal.bulk.files import NotATable
from portal.tenancy.models import Tenant
from portal.ui.forms import PortalForm

LONGEST_PASTED = 2_000_000
# Longer lists are kept and not printed into the page again.
SHOWN_PASTED = 100_000
MOST_OFFERED = 500
FARTHEST = timedelta(days=365)
MANY = {"class": "pb-many"}
AS_TYPED = {"autocomplete": "off", "spellcheck": "false"}
VALIDITIES = [
    ("", _("As long as the vendor tries: 72 hours")),
    ("900", _("15 minutes")),
    ("3600", _("1 hour")),
    ("14400", _("4 hours")),
    ("43200", _("12 hours")),
    ("86400", _("1 day")),
    ("172800", _("2 days")),
]
SOURCES = [
    ("numbers", _("A list of numbers")),
    ("file", _("A CSV file")),
    ("contacts", _("Contacts")),
    ("single", _("One number")),
]


class ListField(forms.Field):
    """Many numbers, longer than any other text that is typed here; what is wrong with each is told by the check."""

    widget = forms.Textarea

    def to_python(self, value: Any) -> str:
        text = str(value or "")
        if len(text) > LONGEST_PASTED:
            raise ValidationError(_("This list is too long. Upload it as a file, or divide it."), code="too_long")
        if "\0" in text:
            raise ValidationError(_("Remove the control characters from this text."), code="control_characters")
        return text


@dataclass(frozen=True)
class Offered:
    """What the form lets one choose from: (value, label) of each. `longest` is of a connection's texts, in characters."""

    connections: list[tuple[str, str]] = field(default_factory=list)
    senders: list[tuple[str, str]] = field(default_factory=list)
    groups: list[tuple[str, str]] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)
    templates: list[tuple[str, str]] = field(default_factory=list)
    longest: dict[str, int] = field(default_factory=dict)


def offered_to(tenant: Tenant) -> Offered:
    """By one query."""
    accounts = SmsAccount.objects.filter(connection__enabled=True)
    rows = [
        _named("connections", accounts, F("connection_id"), F("connection__name"), F("test_mode")),
        _named("senders", allowed_senders(tenant), F("name")),
        _named("groups", Group.objects.all(), F("pk")),
        _named("tags", _tags(), F("tag"), F("tag")),
        _named("templates", Template.objects.all(), F("pk")),
    ]
    offered = Offered()
    for kind, value, label, test_mode in rows[0].union(*rows[1:], all=True):
        getattr(offered, kind).append((value, label))
        if kind == "connections":
            offered.longest[value] = LONGEST_TEXT_IN_TEST if test_mode else LONGEST_TEXT
    return offered


class Unnest(Func):
    """Each element of an array as a row of its own."""

    function = "unnest"
    set_returning = True
    output_field = CharField()


def _tags() -> Any:
    """Those that contacts have, each once."""
    return Contact.objects.annotate(tag=Unnest("tags")).order_by().distinct()


def _named(kind: str, rows: Any, value: F, label: F | None = None, test_mode: Any = None) -> Any:
    """The first of `rows` by name."""
    label, test_mode = label or F("name"), test_mode or Value(False)
    return rows.order_by(label).values_list(Value(kind), Cast(value, CharField()), label, test_mode)[:MOST_OFFERED]


def text_field() -> forms.CharField:
    return forms.CharField(
        label=_("Text"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_("Write {{ name }} for a place that a column of the file, or a value of the contact, fills."),
    )


class TextForm(forms.Form):
    """The text alone, as the page shows it after a template was taken or characters were replaced."""

    text = text_field()


class ComposeForm(PortalForm):
    """A valid one has what was asked for as `draft()`."""

    name = forms.CharField(
        label=_("Name"), max_length=120, required=False, help_text=_("Not sent along. For your own list.")
    )
    connection = forms.ChoiceField(label=_("Connection"))
    sender = forms.ChoiceField(label=_("Sender"))
    template = forms.ChoiceField(label=_("Template"), required=False)
    text = text_field()
    source = forms.ChoiceField(label=_("Recipients"), choices=SOURCES, initial="numbers", widget=forms.RadioSelect)
    numbers = ListField(
        label=_("Numbers"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, **AS_TYPED}),
        help_text=_("One on each line, or divided by commas or semicolons: 06 12345678, +31612345678."),
    )
    file = forms.FileField(
        label=_("CSV file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
        help_text=_("One recipient on each row; the other columns fill places in the text. At most 100,000 and 15 MB."),
        error_messages={"empty": _("The file is empty.")},
    )
    column = forms.ChoiceField(label=_("Column of the numbers"), required=False)
    everybody = forms.BooleanField(label=_("All contacts"), required=False)
    groups = forms.MultipleChoiceField(
        label=_("Groups"), required=False, widget=forms.CheckboxSelectMultiple(attrs=MANY)
    )
    tags = forms.MultipleChoiceField(label=_("Tags"), required=False, widget=forms.CheckboxSelectMultiple(attrs=MANY))
    number = forms.CharField(
        label=_("Mobile number"), max_length=40, required=False, widget=forms.TextInput(attrs={"inputmode": "tel"})
    )
    when = forms.ChoiceField(
        label=_("When"),
        choices=[("now", _("As soon as it is released")), ("at", _("At a time"))],
        initial="now",
        widget=forms.RadioSelect,
    )
    starts_at = forms.DateTimeField(
        label=_("Date and time"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    expires_in = forms.ChoiceField(
        label=_("Deliver within"),
        choices=VALIDITIES,
        required=False,
        help_text=_("A telephone that is switched off for longer never gets it."),
    )
    ignores_quiet_hours = forms.BooleanField(
        label=_("Also in quiet hours"), required=False, help_text=_("Where your rules for sending have any.")
    )

    def __init__(
        self,
        *args: Any,
        tenant: Tenant,
        offered: Offered,
        campaign: Campaign | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._tenant, self._offered, self._campaign = tenant, offered, campaign
        self._audience: Audience | None = None
        for name, choices in {
            "connection": offered.connections,
            "sender": offered.senders,
            "template": [("", _("Choose a template")), *offered.templates],
            "groups": offered.groups,
            "tags": self._tags(),
            "column": self._columns(),
        }.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]
        if len(offered.connections) == 1:
            self.fields["connection"].widget = forms.HiddenInput()
            self.fields["connection"].initial = offered.connections[0][0]

    @property
    def kept(self) -> dict[str, Any]:
        """What is told of the list that the campaign has already; nothing for a new one."""
        return self._campaign.audience if self._campaign else {}

    @property
    def longest(self) -> int:
        """Of the connection that is chosen, in characters."""
        return self._offered.longest.get(str(self["connection"].value()), LONGEST_TEXT)

    def _columns(self) -> list[tuple[str, Any]]:
        names = [(str(at), name or _("Without a heading")) for at, name in enumerate(self.kept.get("heading", []))]
        return [("", _("As it is called, or by what stands in it")), *names]

    def _tags(self) -> list[tuple[str, str]]:
        """Also those chosen earlier that nobody has any more."""
        kept = [(tag, tag) for tag in self.kept.get("tags", [])]
        return sorted({*self._offered.tags, *kept})

    # --- What was filled in -------------------------------------------------------------------------------------------

    def full_clean(self) -> None:
        """Times are local ones of the tenant; one that is left out or comes twice when the clocks change is refused."""
        with timezone.override(self._tenant.zone):
            super().full_clean()

    def clean_text(self) -> str:
        text = self.cleaned_data["text"]
        if broken(text):
            raise ValidationError(_("A place in the text is not whole. Write it as {{ name }}."), code="place")
        return text

    def clean_starts_at(self) -> datetime | None:
        return self.cleaned_data["starts_at"] if self.cleaned_data.get("when") == "at" else None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._check_time(cleaned)
        if "source" in cleaned and not self.errors:
            try:
                self._audience = getattr(self, f"_audience_of_{cleaned['source']}")(cleaned)
            except NotATable as refusal:
                self.add_error(WHERE[cleaned["source"]], str(refusal))
        if not self.errors:
            self._check_text(cleaned["text"])
        return cleaned

    def _check_time(self, cleaned: Mapping[str, Any]) -> None:
        if cleaned.get("when") != "at" or "starts_at" not in cleaned:
            return
        at, now = cleaned["starts_at"], timezone.now()
        if at is None:
            self.add_error("starts_at", _("Enter the date and the time."))
        elif not now <= at <= now + FARTHEST:
            self.add_error("starts_at", _("Choose a time from now on, within a year."))

    def _audience_of_numbers(self, cleaned: Mapping[str, Any]) -> Audience | None:
        if not cleaned["numbers"].strip() and self.kept.get("source") == "numbers":
            return None
        return audience.of_numbers(cleaned["numbers"])

    def _audience_of_single(self, cleaned: Mapping[str, Any]) -> Audience | None:
        try:
            normalise(cleaned["number"])
        except BadNumber as refusal:
            # Whether its country is allowed is told by the check, as for every other list.
            if refusal.kind != Kind.COUNTRY:
                raise NotATable(str(refusal)) from refusal
        return audience.of_numbers(cleaned["number"], "single")

    def _audience_of_file(self, cleaned: Mapping[str, Any]) -> Audience | None:
        if file := cleaned["file"]:
            return audience.of_file(file.read(audience.BOUNDS.bytes + 1), file.name)
        if self.kept.get("source") != "file":
            raise NotATable(str(_("Choose a file.")))
        if cleaned["column"]:
            return Audience({**self.kept, "column": int(cleaned["column"])})
        if self.kept["column"] is None:
            raise NotATable(str(_("Choose the column that holds the numbers.")))
        return None

    def _audience_of_contacts(self, cleaned: Mapping[str, Any]) -> Audience:
        groups = [int(pk) for pk in cleaned["groups"]]
        return audience.of_contacts(groups, cleaned["tags"], cleaned["everybody"])

    def _check_text(self, text: str) -> None:
        known = audience.names_of(self._audience.told if self._audience else self.kept)
        if known is not None:
            keys = {key_of(name) for name in known}
            for name in (name for name in names_in(text) if key_of(name) not in keys):
                self.add_error("text", _unknown(name, known))
        characters = measure(without(text)).characters
        if characters > self.longest:
            too_long = _("The text has %(characters)s characters; at most %(most)s can be sent.")
            self.add_error("text", too_long % {"characters": characters, "most": self.longest})

    def draft(self) -> Draft:
        cleaned = self.cleaned_data
        return Draft(
            connection_id=int(cleaned["connection"]),
            name=cleaned["name"] or f"SMS {timezone.localtime(timezone=self._tenant.zone):%Y-%m-%d %H:%M}",
            text=cleaned["text"],
            sender=cleaned["sender"],
            audience=self._audience,
            expires_in=int(cleaned["expires_in"]) if cleaned["expires_in"] else None,
            starts_at=cleaned["starts_at"],
            ignores_quiet_hours=cleaned["ignores_quiet_hours"],
        )


# Beside which field it is told what is wrong with the recipients.
WHERE = {"numbers": "numbers", "file": "file", "contacts": "everybody", "single": "number"}


def _unknown(name: str, known: list[str]) -> str:
    if not known:
        return _("There is nothing to fill “%(name)s” with: only a file or contacts have values.") % {"name": name}
    columns = ", ".join(known)
    return _("No column of the file is called “%(name)s”. It has: %(columns)s.") % {"name": name, "columns": columns}


def starting_values(campaign: Campaign, tenant: Tenant) -> dict[str, Any]:
    """What the form of a campaign that is there begins with."""
    told = campaign.audience
    starts_at = campaign.starts_at.astimezone(tenant.zone).replace(tzinfo=None) if campaign.starts_at else None
    return {
        "name": campaign.name,
        "connection": str(campaign.connection_id),
        "sender": campaign.sender,
        "text": campaign.text,
        "source": told.get("source", "numbers"),
        "column": "" if told.get("column") is None else str(told["column"]),
        "everybody": told.get("everybody", False),
        "groups": [str(pk) for pk in told.get("groups", [])],
        "tags": told.get("tags", []),
        "when": "at" if starts_at else "now",
        "starts_at": starts_at,
        "expires_in": str(campaign.expires_in or ""),
        "ignores_quiet_hours": campaign.ignores_quiet_hours,
        **_kept_list(campaign),
    }


def _kept_list(campaign: Campaign) -> dict[str, str]:
    source = campaign.audience.get("source")
    if source not in ("numbers", "single"):
        return {}
    text = audience.text_of(campaign, SHOWN_PASTED + 1)
    if source == "single":
        return {"number": text}
    return {"numbers": text if len(text) <= SHOWN_PASTED else ""}
