"""What people fill in about lists."""

from django import forms
from django.utils.translation import gettext_lazy as _

from portal.lists.addresses import LONGEST_QUERY
from portal.ui.forms import PortalForm


class SavedFilterForm(PortalForm):
    """A name for what the list shows. `fixed` is the page's own part of the address, needed to come back."""

    name = forms.CharField(label=_("Name"), max_length=60)
    query = forms.CharField(max_length=LONGEST_QUERY, strip=False)
    fixed = forms.CharField(max_length=200, required=False)
    shared = forms.BooleanField(label=_("Share it with everybody in the company"), required=False)


class KeyForm(PortalForm):
    """Nothing but the one-time key."""
