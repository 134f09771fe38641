"""How a person chooses to be told: for each kind of notice in the portal or not, and by mail how."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext as _

from portal.notices.preferences import Choice
from portal.notices.registry import Kind, Mail
from portal.ui.forms import PortalForm


@dataclass(frozen=True)
class Row:
    """One kind of notice with its two fields."""

    kind: Kind
    portal: BoundField
    mail: BoundField


class PreferencesForm(PortalForm):
    """Two fields for each kind that the person may get."""

    def __init__(self, *args: Any, kinds: list[Kind], choices: dict[str, Choice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kinds = kinds
        for kind in kinds:
            choice = choices[kind.name]
            self.fields[f"portal.{kind.name}"] = forms.BooleanField(
                required=False,
                initial=choice.portal,
                label=_("%(kind)s: in the portal") % {"kind": kind.label},
            )
            self.fields[f"mail.{kind.name}"] = forms.ChoiceField(
                choices=[(way.value, way.label) for way in kind.ways],
                initial=choice.mail,
                label=_("%(kind)s: by mail") % {"kind": kind.label},
            )

    def groups(self) -> list[tuple[str, list[Row]]]:
        """The rows under the headings of their groups, in the order of registration."""
        found: dict[str, list[Row]] = {}
        for kind in self.kinds:
            row = Row(kind, self[f"portal.{kind.name}"], self[f"mail.{kind.name}"])
            found.setdefault(str(kind.group), []).append(row)
        return list(found.items())

    def chosen(self) -> Iterable[tuple[Kind, Choice]]:
        for kind in self.kinds:
            values = self.cleaned_data
            yield kind, Choice(values[f"portal.{kind.name}"], Mail(values[f"mail.{kind.name}"]))
