"""What people fill in about their account at the vendor."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.accounts import FIELDS
from messaging.models import SmsAccount
from portal.ui.forms import PortalModelForm
from portal.vendors.addresses import check_base_url


class AccountForm(PortalModelForm):
    """A valid form has what was asked for as `wanted`."""

    keys_url = forms.CharField(
        label=_("Address of the signing-key API"),
        max_length=300,
        required=False,
        validators=[check_base_url],
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}),
        help_text=_("The credentials of this connection are sent there. Leave empty for KPN's own."),
    )

    class Meta:
        model = SmsAccount
        fields = FIELDS
        widgets = {"key_level": forms.RadioSelect}
        help_texts = {
            "test_mode": _("The vendor's demo takes texts of at most 160 characters."),
            "wants_reports": _(
                "Without them nobody is told what became of a message, and a lost answer stays unknown."
            ),
            "key_level": _("Where a new key is made. Keys of the other levels are read and believed, too."),
        }

    @property
    def wanted(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in FIELDS}
