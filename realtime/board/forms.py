"""What is asked before a call is placed or transferred."""

from collections.abc import Container, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.ui.forms import PortalForm
from portal.vendors.models import Connection
from realtime.extensions.models import Extension

MOST_CHOICES = 1000


class PlaceForm(PortalForm):
    """Whom to call, and from which telephone, which says over which of `systems` the call goes.

    One's own telephone is offered of each; the others of those in `anybody` (ids), where calls may be placed for everybody.
    """

    to = forms.CharField(
        label=_("Number or extension"),
        max_length=40,
        help_text=_("An internal number such as 201, or an external one with its country code such as +31201234567."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )
    from_extension = forms.ChoiceField(label=_("From"), required=False)

    def __init__(
        self, *args: Any, systems: Sequence[Connection], chosen: Connection, anybody: Container[int], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._systems = systems
        offered = _telephones([system.pk for system in systems if system.pk in anybody])
        choices = [(system.name, self._choices(system, offered.get(system.pk, []))) for system in systems]
        field = self.fields["from_extension"]
        field.choices = choices if self._several else choices[0][1]  # type: ignore[attr-defined]
        field.initial = self._value(chosen)

    @property
    def telephone(self) -> tuple[Connection, str]:
        """The telephone system, and the internal number of the telephone that calls; "" for one's own."""
        value = self.cleaned_data["from_extension"]
        if not self._several:
            return self._systems[0], value
        pk, _colon, number = (value or self._value(self._systems[0])).partition(":")
        return next(system for system in self._systems if str(system.pk) == pk), number

    @property
    def _several(self) -> bool:
        return len(self._systems) > 1

    def _choices(self, system: Connection, telephones: list[tuple[str, str]]) -> list[tuple[str, str]]:
        own = str(_("My own telephone"))
        # Of a closed select its group is not seen.
        label = f"{own} ({system.name})" if self._several else own
        return [
            (self._value(system), label),
            *((self._value(system, number), f"{name} ({number})") for name, number in telephones),
        ]

    def _value(self, system: Connection, number: str = "") -> str:
        """Internal numbers are the same in many systems."""
        return f"{system.pk}:{number}" if self._several else number


class TransferForm(PortalForm):
    """Blind: the other party rings there at once. Attended: the colleague is spoken to first."""

    to = forms.CharField(
        label=_("Transfer to"),
        max_length=40,
        help_text=_("An internal number such as 201, or an external one with its country code such as +31201234567."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "tel"}),
    )
    how = forms.ChoiceField(
        label=_("How"),
        choices=[
            ("blind", _("Blind: the caller rings there at once")),
            ("attended", _("Attended: you speak to the colleague first")),
        ],
        initial="blind",
    )


def _telephones(connection_pks: list[int]) -> dict[int, list[tuple[str, str]]]:
    """(name, number) of each by telephone system."""
    if not connection_pks:
        return {}
    rows = Extension.objects.filter(connection__in=connection_pks, gone_at=None).order_by("name", "pk")
    found: dict[int, list[tuple[str, str]]] = {}
    for pk, name, number in rows.values_list("connection_id", "name", "number")[:MOST_CHOICES]:
        found.setdefault(pk, []).append((name, number))
    return found
