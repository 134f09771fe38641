"""What people type about SIP accounts, checked before any verb sees it."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.operations.refusals import NotPromised
from portal.search.finding import matching
from portal.ui.forms import FilterForm, PortalForm
from portal.vendors.addresses import MAX_CUSTOMER_URL, check_customer_url
from telephony.client import SIP_USERNAME
from telephony.models import CallScript, Drift, ExternalScript, SipAccount
from telephony.numbers import external_number, internal_number
from telephony.operations.rules import LONGEST_NAME, Wanted
from telephony.scripts.addresses import Address
from telephony.scripts.forms import parameters_in

LARGEST_ID = 2**63 - 1
AS_TYPED = {"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}


class AccountForm(PortalForm):
    """What may be said of an account that is there."""

    name = forms.CharField(
        label=_("Name"), max_length=LONGEST_NAME, required=False, help_text=_("For people, such as Reception.")
    )
    internal_number = forms.CharField(
        label=_("Internal caller ID number"),
        max_length=40,
        required=False,
        help_text=_("What colleagues see: an extension such as 101, or a telephone number."),
    )
    external_number = forms.CharField(
        label=_("External caller ID number"),
        max_length=40,
        required=False,
        help_text=_("What the telephone network sees, such as 020 123 4567."),
    )
    mwi_account = forms.CharField(
        label=_("Voicemail (MWI) account"),
        max_length=LONGEST_NAME,
        required=False,
        help_text=_("Messages that wait in this voicemail box make the telephone's lamp shine."),
    )

    def clean_internal_number(self) -> str:
        return _number(internal_number, self.cleaned_data["internal_number"])

    def clean_external_number(self) -> str:
        return _number(external_number, self.cleaned_data["external_number"])

    @property
    def wanted(self) -> Wanted:
        return Wanted(**{name: self.cleaned_data[name] for name in Wanted.__dataclass_fields__})


def _number(read: Any, text: str) -> str:
    try:
        return read(text)
    except NotPromised as refusal:
        raise ValidationError(str(refusal), code="number") from refusal


class NewAccountForm(AccountForm):
    username = forms.CharField(
        label=_("Username"),
        max_length=64,
        help_text=_("What the telephone signs in with. It cannot be changed later."),
        widget=forms.TextInput(attrs=AS_TYPED),
    )
    field_order = ["username", "name", "internal_number", "external_number", "mwi_account"]

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if not SIP_USERNAME.fullmatch(username):
            raise ValidationError(
                _(
                    "Use letters without accents, digits and the marks that SIP allows (- _ . ! ~ * ' ( ) & = + $ , ; ? /)."
                ),
                code="username",
            )
        return username


# --- The external script ------------------------------------------------------------------------------------------

ELSEWHERE = "elsewhere"
CURRENT = "current"
# No list of published scripts is longer than what a tenant may have.
MOST_SCRIPTS = 500


class ScriptChoiceForm(PortalForm):
    """Which script is meant: one that the portal serves, or an address elsewhere. `known` is the one that is set now."""

    source = forms.ChoiceField(label=_("Script"))
    url = forms.CharField(
        label=_("Address"),
        max_length=MAX_CUSTOMER_URL,
        required=False,
        help_text=_("Only for an address elsewhere: https, and open to the public internet."),
        widget=forms.TextInput(attrs=AS_TYPED | {"inputmode": "url"}),
    )

    def __init__(self, *args: Any, known: ExternalScript | None = None, offer_known: bool = False, **more: Any) -> None:
        super().__init__(*args, **more)
        self._known = known
        now = [(CURRENT, _("The one that is set now"))] if known and offer_known else []
        published = CallScript.objects.living().filter(published__isnull=False).order_by("name")
        ours = [(str(pk), name) for pk, name in published.values_list("pk", "name")[:MOST_SCRIPTS]]
        choices = [*now, *ours, (ELSEWHERE, _("An address elsewhere"))]
        self.fields["source"].choices = choices  # type: ignore[attr-defined]

    def clean_url(self) -> str:
        url = self.cleaned_data["url"]
        if self.cleaned_data.get("source") == ELSEWHERE:
            check_customer_url(url)
        return url

    @property
    def address(self) -> Address:
        source = self.cleaned_data["source"]
        if source == ELSEWHERE:
            return Address(url=self.cleaned_data["url"])
        if source == CURRENT and self._known:
            return Address(self._known.hosted, "" if self._known.hosted else self._known.url.reveal())
        return Address(CallScript.objects.living().get(pk=int(source)))


class SetScriptForm(ScriptChoiceForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        required=False,
        help_text=_("How the vendor calls it; that of the call script where nothing is entered."),
    )


class TrialForm(ScriptChoiceForm):
    parameters = forms.CharField(
        label=_("The call's parameters"),
        max_length=8_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_("One a line, such as caller_id_number = +31612345678"),
    )

    def clean_parameters(self) -> dict[str, str]:
        found = parameters_in(self.cleaned_data["parameters"])
        if "url" in found:
            raise ValidationError(_("“url” is no parameter of a call: the vendor takes it for the script's address."))
        return found


# --- Filters ------------------------------------------------------------------------------------------------------


class AccountFilter(FilterForm):
    q = forms.CharField(label=_("Search"), max_length=200, widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("All that live")), *SipAccount.State.choices, ("all", _("All, deleted ones too"))],
    )
    connection = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_ID)

    def narrow(self, rows: QuerySet[SipAccount]) -> QuerySet[SipAccount]:
        chosen = self.chosen()
        if connection := chosen.get("connection"):
            rows = rows.filter(connection=connection)
        state = chosen.get("state", "")
        if not state:
            rows = rows.living()  # type: ignore[attr-defined]
        elif state != "all":
            rows = rows.filter(state=state)
        if text := chosen.get("q"):
            rows = rows.filter(matching("telephony.sip_account", text))
        return rows


class DifferenceFilter(FilterForm):
    q = forms.CharField(label=_("Username"), max_length=200, widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(label=_("State"), choices=[("", _("Open")), ("decided", _("Decided"))])
    connection = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_ID)

    def narrow(self, rows: QuerySet[Drift]) -> QuerySet[Drift]:
        chosen = self.chosen()
        if connection := chosen.get("connection"):
            rows = rows.filter(connection=connection)
        if text := chosen.get("q"):
            rows = rows.filter(key__icontains=text)
        if chosen.get("state") == "decided":
            return rows.exclude(state=Drift.State.OPEN)
        return rows.filter(state=Drift.State.OPEN)
