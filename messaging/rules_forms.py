"""What people type about senders and the rules for sending."""

from typing import Any

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.utils.translation import gettext_lazy as _

from messaging.models import LONGEST_SENDER, SmsRules
from messaging.rules import FIELDS
from messaging.texts.numbers import HOME
from portal.ui.forms import PortalForm, PortalModelForm


class SenderForm(PortalForm):
    name = forms.CharField(
        label=_("Sender"),
        max_length=LONGEST_SENDER,
        help_text=_(
            "What recipients see instead of a number: 3 to 11 letters without accents, digits, spaces and . - &"
        ),
    )


class RulesForm(PortalModelForm):
    """A valid form has what was asked for as `wanted`."""

    countries = forms.CharField(
        label=_("Countries"),
        max_length=1_000,
        required=False,
        help_text=_("Beside the Netherlands, by their two letters: BE, DE. Numbers of other countries are left out."),
    )

    class Meta:
        model = SmsRules
        fields = FIELDS
        widgets = {name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M") for name in FIELDS if "quiet" in name}
        help_texts = {
            "quiet_from": _("In the company's time zone. Nothing leaves until the quiet hours are over."),
            "quiet_until": _("May be on the next morning. Leave both empty for none."),
            "most_recipients_a_day": _("What would go beyond is not released. Leave empty for no bound."),
            "most_eur_a_day": _("By the prices agreed. Leave empty for no bound."),
            "second_person_above": _("An admin who did not release it confirms it. Leave empty for never."),
            "canary_above": _("Of larger campaigns a small first batch goes alone, and the rest when it was taken."),
            "canary_size": _("1 to 200 recipients."),
            "stop_above_percent": _("Of those that an end was told of, from 50 on. The rest then waits for a person."),
            "keep_text_days": _("After the end of a campaign; then texts are removed and the counts stay."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["countries"] = ", ".join(self.instance.countries)
        money: Any = self.fields["most_eur_a_day"]
        money.validators.append(MinValueValidator(0))

    def clean_countries(self) -> list[str]:
        told = self.cleaned_data["countries"].replace(",", " ").upper().split()
        if unknown := [code for code in told if code not in phonenumbers.SUPPORTED_REGIONS]:
            sentence = _("“%(code)s” is no country. Write two letters each, such as BE, DE.")
            raise ValidationError(sentence, code="country", params={"code": unknown[0][:20]})
        return sorted(set(told) - {HOME})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        begins, ends = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if "quiet_from" in self.errors or "quiet_until" in self.errors:
            return cleaned
        if (begins is None) != (ends is None):
            self.add_error("quiet_until", _("Tell both when quiet hours begin and when they end, or neither."))
        elif begins is not None and begins == ends:
            self.add_error("quiet_until", _("Quiet hours end at another time than they begin."))
        return cleaned

    @property
    def wanted(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in FIELDS}
