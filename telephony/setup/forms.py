"""Whom a setup link is sent to."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from portal.ui.forms import PortalForm


class SetupLinkForm(PortalForm):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("Whoever reads this address gets the account's password."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
