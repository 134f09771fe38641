"""What people fill in about mailing: an address with its language and files, and which statement goes where."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from portal.billing.mailing.models import FORMS, BillingContact
from portal.billing.models import Statement
from portal.ui.forms import PortalForm

STATEMENTS_OFFERED = 24


class WishesForm(PortalForm):
    """How an address gets its statements."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    forms = forms.MultipleChoiceField(
        label=_("Files"),
        choices=[(form, form.upper()) for form in FORMS],
        initial=["pdf"],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("They are attached to the mail."),
    )


class ContactForm(WishesForm):
    """A new address."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        help_text=_("A link is mailed there first. Statements follow only when it was used."),
    )
    field_order = ["email", "language", "forms"]


class ContactChangeForm(WishesForm):
    active = forms.BooleanField(label=_("Gets statements"), required=False)


class SendForm(PortalForm):
    """One of the latest statements, to one of `mailable`, the addresses that get them."""

    statement = forms.ModelChoiceField(label=_("Statement"), queryset=Statement.objects.none(), empty_label=None)
    contact = forms.ModelChoiceField(label=_("To"), queryset=BillingContact.objects.none(), empty_label=None)

    def __init__(self, *args: Any, tenant: Any, mailable: Sequence[BillingContact], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        statement: Any = self.fields["statement"]
        statement.queryset = Statement.objects.filter(tenant=tenant).only("month", "sequence", "tenant_id")
        statement.label_from_instance = _statement_said
        # What is offered are the latest; any of the company's own is taken.
        latest = statement.queryset.order_by("-sequence")[:STATEMENTS_OFFERED]
        statement.choices = [(each.pk, _statement_said(each)) for each in latest]
        contact: Any = self.fields["contact"]
        contact.queryset = BillingContact.objects.mailable().filter(tenant=tenant)
        contact.choices = [(each.pk, each.email) for each in mailable]


def _statement_said(statement: Statement) -> str:
    return f"{statement.number}, {date_format(statement.month, 'YEAR_MONTH_FORMAT')}"
