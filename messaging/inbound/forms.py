"""What people enter about virtual numbers."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from messaging.reports.reading import e164
from portal.ui.forms import PortalForm
from portal.vendors.addresses import MAX_CUSTOMER_URL, check_customer_url

SHORTEST_NUMBER = 8


class NumberForm(PortalForm):
    """A number that the vendor gave to the company."""

    number = forms.CharField(
        label=_("Number"), max_length=24, help_text=_("As the vendor gave it, such as 097012345678 or +3197012345678.")
    )
    name = forms.CharField(label=_("Name"), max_length=80, required=False, help_text=_("For people, such as Helpdesk."))

    def clean_number(self) -> str:
        number = e164(self.cleaned_data["number"])
        if len(number) < SHORTEST_NUMBER:
            raise ValidationError(_("This is no telephone number."), code="number")
        return number


class ForwardingForm(PortalForm):
    """Where the messages of a number go besides this portal."""

    name = forms.CharField(label=_("Name"), max_length=80, required=False)
    forward_to_mail = forms.EmailField(
        label=_("Forward to e-mail"), max_length=254, required=False, help_text=_("Empty: to nobody.")
    )
    forward_to_url = forms.CharField(
        label=_("Forward to address"),
        max_length=500,
        required=False,
        help_text=_("Each message is posted there as JSON, signed. It begins with https://."),
    )

    def clean_forward_to_url(self) -> str:
        url = self.cleaned_data["forward_to_url"]
        if len(url) > min(500, MAX_CUSTOMER_URL):
            raise ValidationError(_("This address is too long."), code="long")
        if url:
            check_customer_url(url)
        return url
