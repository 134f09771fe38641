"""What people enter about connections, and how they look through the call log."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.ui.forms import FilterForm, PortalForm
from portal.vendors.addresses import check_base_url, check_token_url
from portal.vendors.connections import Account
from portal.vendors.models import Connection
from portal.vendors.registry import Vendor

# Browsers must neither offer nor keep a vendor's credentials as if they were somebody's password.
UNSAVED = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
UNSAVED_SECRET = {**UNSAVED, "autocomplete": "new-password"}


def _address(label: Any, help_text: Any, check: Callable[[str], None]) -> forms.CharField:
    widget = forms.URLInput(attrs=UNSAVED)
    return forms.CharField(label=label, help_text=help_text, max_length=300, validators=[check], widget=widget)


class ConnectionForm(PortalForm):
    """A connection, new or changed. Secrets are never filled in."""

    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("As your people will call it."))
    environment = forms.ChoiceField(
        label=_("Environment"), choices=Connection.Environment.choices, widget=forms.RadioSelect
    )
    base_url = _address(_("Base URL"), _("Where the vendor's API begins."), check_base_url)
    token_url = _address(_("Token URL"), _("Where the vendor gives access tokens."), check_token_url)
    client_id = forms.CharField(label=_("Client ID"), max_length=500, widget=forms.TextInput(attrs=UNSAVED))
    client_secret = forms.CharField(
        label=_("Client secret"),
        max_length=2_000,
        widget=forms.PasswordInput(attrs=UNSAVED_SECRET),
        help_text=_("Stored encrypted, and never shown again."),
    )

    @property
    def account(self) -> Account:
        return Account(**{name: self.cleaned_data[name] for name in Account.__dataclass_fields__})


class ConnectionChangeForm(ConnectionForm):
    """Empty credentials keep those that are stored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("client_id", "client_secret"):
            self.fields[name].required = False
            self.fields[name].help_text = _("Leave it empty to keep what is stored; it cannot be shown.")


def new_form(spec: Vendor, data: Any = None) -> ConnectionForm:
    return ConnectionForm(
        data,
        initial={
            "name": spec.label,
            "environment": Connection.Environment.PRODUCTION,
            "base_url": spec.default_base_url(),
            "token_url": spec.default_token_url(),
        },
    )


def change_form(connection: Connection, data: Any = None) -> ConnectionChangeForm:
    shown = ("name", "environment", "base_url", "token_url")
    return ConnectionChangeForm(data, initial={name: getattr(connection, name) for name in shown})


class CallFilter(FilterForm):
    """The call log's filters. `operation` comes from an operation's page."""

    connection = forms.TypedChoiceField(label=_("Connection"), coerce=int)
    status = forms.ChoiceField(
        label=_("Answer"),
        choices=[
            ("", _("All")),
            ("2", _("2xx · done")),
            ("3", _("3xx · elsewhere")),
            ("4", _("4xx · refused")),
            ("5", _("5xx · vendor failed")),
            ("none", _("No answer")),
        ],
    )
    method = forms.ChoiceField(
        label=_("Method"),
        choices=[("", _("All")), *((method, method) for method in ("GET", "POST", "PUT", "PATCH", "DELETE"))],
    )
    path = forms.CharField(label=_("Text in path"), max_length=200, widget=forms.TextInput(attrs={"type": "search"}))
    only_errors = forms.BooleanField(label=_("Only errors"))
    operation = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**63 - 1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Read once, for the choices and for what was chosen.
        known = list(Connection.objects.order_by("name").values_list("pk", "name"))
        self.fields["connection"].choices = [("", _("All")), *known]  # type: ignore[attr-defined]
