"""What people type about call scripts."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.ui.forms import FilterForm, PortalForm
from telephony.scripts.cases import CALLS
from telephony.scripts.checking import MAX_CHARACTERS
from telephony.scripts.models import CallScript
from telephony.scripts.rendering import MAX_PARAMETERS, MAX_VALUE
from telephony.scripts.starters import STARTERS

MAX_EXPECTED = 20
PARAMETER = re.compile(r"([a-z][a-z0-9_]{0,39}) *= *(.*)", re.ASCII)


class ScriptFilter(FilterForm):
    q = forms.CharField(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("All")), ("published", _("Published")), ("draft", _("Not published"))],
    )

    def narrow(self, rows: QuerySet[CallScript]) -> QuerySet[CallScript]:
        chosen = self.chosen()
        if text := chosen.get("q"):
            rows = rows.filter(name__icontains=text)
        state = chosen.get("state")
        return rows.filter(published__isnull=state == "draft") if state else rows


class NewScriptForm(PortalForm):
    name = forms.CharField(label=_("Name"), max_length=80, help_text=_("For people; callers do not hear it."))
    starter = forms.ChoiceField(
        label=_("Begin with"),
        choices=[(each.key, each.title) for each in STARTERS],
        widget=forms.RadioSelect,
        initial=STARTERS[0].key,
    )


class ScriptForm(PortalForm):
    """`seen` is the number of the version that was edited."""

    text = forms.CharField(
        label=_("Script"),
        max_length=MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "false", "autocapitalize": "none", "data-lined": ""}),
    )
    why = forms.CharField(
        label=_("What has changed, and why"),
        max_length=200,
        required=False,
        help_text=_("Stays with the version."),
    )
    seen = forms.IntegerField(min_value=1, widget=forms.HiddenInput)


class CaseForm(PortalForm):
    name = forms.CharField(label=_("Name"), max_length=80)
    parameters = forms.CharField(
        label=_("The call's parameters"),
        max_length=8_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text=_("One a line, such as caller_id_number = +31612345678"),
    )
    expects = forms.CharField(
        label=_("The answer must contain"),
        max_length=8_000,
        widget=forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
        help_text=_("One piece a line, such as <sipaccount>reception</sipaccount>"),
    )

    def clean_parameters(self) -> dict[str, str]:
        return parameters_in(self.cleaned_data["parameters"])

    def clean_expects(self) -> list[str]:
        found = [line.strip() for line in self.cleaned_data["expects"].splitlines() if line.strip()]
        if len(found) > MAX_EXPECTED:
            raise ValidationError(_("At most %(most)s pieces are looked for."), params={"most": MAX_EXPECTED})
        return found


def parameters_in(text: str) -> dict[str, str]:
    """Of a call, one a line. Raises ValidationError."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        told = PARAMETER.fullmatch(line.strip())
        if told is None or len(told[2]) > MAX_VALUE:
            sentence = _("Line %(line)s is no parameter: write its name, “=” and its value.")
            raise ValidationError(sentence, code="parameter", params={"line": number})
        found[told[1]] = told[2]
    if len(found) > MAX_PARAMETERS:
        raise ValidationError(_("A call has at most %(most)s parameters."), params={"most": MAX_PARAMETERS})
    return found


def starting_values(call: str) -> dict[str, Any]:
    """Of a new test case, for a call that comes as `call` says (a key of CALLS)."""
    name, parameters = CALLS.get(call) or CALLS["did"]
    return {"name": name, "parameters": parameters_text(parameters)}


def parameters_text(parameters: Any) -> str:
    return "\n".join(f"{name} = {value}" for name, value in parameters.items())
