"""What is asked before a call is placed or transferred."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.ui.forms import PortalForm
from portal.vendors.models import Connection
from realtime.extensions.models import Extension

MOST_CHOICES = 1000


class PlaceForm(PortalForm):
    """`from_extension` is empty for the person's own telephone; others are there for who may place everybody's calls."""

    to = forms.CharField(
        label=_("Number or extension"),
        max_length=40,
        help_text=_("An internal number such as 201, or an external one with its country code such as +31201234567."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )
    from_extension = forms.ChoiceField(label=_("From"), required=False)

    def __init__(self, *args: Any, connection: Connection, anybody: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = [("", _("My own telephone"))]
        self.fields["from_extension"].choices = own + (_telephones(connection) if anybody else [])  # type: ignore[attr-defined]


class TransferForm(PortalForm):
    """Blind: the other party rings there at once. Attended: the colleague is spoken to first."""

    to = forms.CharField(
        label=_("Transfer to"),
        max_length=40,
        help_text=_("An internal number such as 201, or an external one with its country code such as +31201234567."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )
    attended = forms.ChoiceField(
        label=_("How"),
        choices=[
            ("", _("Blind: the caller rings there at once")),
            ("yes", _("Attended: you speak to the colleague first")),
        ],
        required=False,
    )


def _telephones(connection: Connection) -> list[tuple[str, str]]:
    rows = Extension.objects.filter(connection=connection, gone_at=None).order_by("name", "pk")
    return [(number, f"{name} ({number})") for name, number in rows.values_list("name", "number")[:MOST_CHOICES]]
