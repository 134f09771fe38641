"""What people enter about connections, and how they look through the call log."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.search.finding import matching
from portal.ui.forms import FilterForm, PortalForm
from portal.vendors.addresses import check_base_url, check_token_url
from portal.vendors.connections import Account
from portal.vendors.models import Call, Connection
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
    credentials_end_on = forms.DateField(
        label=_("Credentials end on"),
        required=False,
        validators=[MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2200, 1, 1))],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("Where the vendor told an end: people are reminded 30, 7 and 1 days before it."),
    )

    def __init__(self, *args: Any, token_path: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._token_path = token_path
        if token_path:
            self.fields["token_url"].required = False
            self.fields["token_url"].help_text = _("Leave it empty for the base URL with %(path)s after it.") % {
                "path": token_path
            }

    def clean(self) -> dict[str, Any]:
        """An empty token URL follows the base URL, for vendors where it always lies there."""
        cleaned = super().clean() or self.cleaned_data
        if self._token_path and not cleaned.get("token_url") and cleaned.get("base_url"):
            cleaned["token_url"] = cleaned["base_url"].rstrip("/") + self._token_path
        return cleaned

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
        token_path=spec.token_path,
        initial={
            "name": spec.label,
            "environment": Connection.Environment.PRODUCTION,
            "base_url": spec.default_base_url(),
            "token_url": "" if spec.token_path else spec.default_token_url(),
        },
    )


def change_form(connection: Connection, data: Any = None) -> ConnectionChangeForm:
    shown = ("name", "environment", "base_url", "token_url", "credentials_end_on")
    initial = {name: getattr(connection, name) for name in shown}
    return ConnectionChangeForm(data, token_path=connection.spec.token_path, initial=initial)


class ConnectionFilter(FilterForm):
    """A company has few connections; whoever has more looks for a name."""

    q = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"type": "search"}))
    environment = forms.ChoiceField(label=_("Environment"), choices=[("", _("All")), *Connection.Environment.choices])

    def narrow(self, connections: QuerySet[Connection]) -> QuerySet[Connection]:
        chosen = self.chosen()
        if name := chosen.get("q"):
            connections = connections.filter(matching("vendors.connection", name))
        if environment := chosen.get("environment"):
            connections = connections.filter(environment=environment)
        return connections


class CallFilter(FilterForm):
    """The call log's filters. `operation` comes from an operation's page."""

    connection = forms.IntegerField(
        label=_("Connection"), min_value=1, max_value=2**63 - 1, widget=forms.Select(choices=[("", _("All"))])
    )
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

    def narrow(self, rows: QuerySet[Call]) -> QuerySet[Call]:
        chosen = self.chosen()
        if connection := chosen.get("connection"):
            rows = rows.filter(connection_id=connection)
        if status := chosen.get("status"):
            rows = rows.of_class(status)  # type: ignore[attr-defined]
        if method := chosen.get("method"):
            rows = rows.filter(method=method)
        if path := chosen.get("path"):
            rows = rows.filter(path__icontains=path)
        if operation := chosen.get("operation"):
            rows = rows.filter(operation_id=operation)
        return rows.failed() if chosen.get("only_errors") else rows  # type: ignore[attr-defined]
