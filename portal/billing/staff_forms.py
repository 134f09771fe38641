"""What staff fills in about money: terms of a contract, and which month to close."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MinValueValidator
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from portal.billing.contracts import today
from portal.billing.lines import before, following
from portal.billing.meters import meter_kinds
from portal.billing.models import Contract, VatTerms
from portal.billing.months import BILLING_ZONE, month_of
from portal.tenancy.models import Tenant
from portal.ui.forms import CleanText

MONTHS_OFFERED, MONTHS_AHEAD = 24, 12


def months_over() -> list[tuple[str, str]]:
    """(first day, name) of months that are over, the latest first."""
    found, first = [], today().replace(day=1)
    for _number in range(MONTHS_OFFERED):
        first = before(first)
        found.append((first.isoformat(), date_format(first, "YEAR_MONTH_FORMAT")))
    return found


def months_around() -> list[tuple[str, str]]:
    """(first day, name) of the months that VAT can be agreed from: those over, the running one, and a year ahead."""
    first = today().replace(day=1)
    ahead = [first]
    for _number in range(MONTHS_AHEAD):
        ahead.append(following(ahead[-1]))
    coming = [(each.isoformat(), date_format(each, "YEAR_MONTH_FORMAT")) for each in ahead]
    return [*coming, *months_over()]


class TermsForm(CleanText, forms.Form):
    """Terms for one of the meters that `tenant` has now."""

    counted = forms.ChoiceField(label=_("For"))
    starts_on = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    ends_on = forms.DateField(
        label=_("Until just before"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Empty: until other terms begin."),
    )
    unit_price = forms.DecimalField(
        label=_("Price of one and a month (EUR)"), min_value=0, max_digits=12, decimal_places=4
    )
    free_units = forms.IntegerField(label=_("Free of charge"), min_value=0, max_value=10**9, initial=0)
    limit_eur = forms.DecimalField(
        label=_("Agreed limit (EUR a month)"), min_value=0, max_digits=12, decimal_places=2, required=False
    )
    zone = forms.CharField(
        label=_("Time zone"),
        max_length=60,
        initial=BILLING_ZONE.key,
        help_text=_("By whose calendar months are charged."),
    )
    rule = forms.ChoiceField(
        label=_("When terms change within a month"),
        choices=Contract.PriceChange.choices,
        help_text=_("The rule of the terms that the month began with counts."),
    )
    cost_price = forms.DecimalField(
        label=_("Cost price (EUR)"),
        min_value=0,
        max_digits=12,
        decimal_places=4,
        required=False,
        validators=[MinValueValidator(0)],
        help_text=_("What the vendor charges for one. The company does not see it."),
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        counted: Any = self.fields["counted"]
        counted.choices = meters_of(tenant)

    def clean_counted(self) -> tuple[str, int]:
        key, _separator, number = self.cleaned_data["counted"].rpartition(":")
        return key, int(number)


def meters_of(tenant: Tenant) -> list[tuple[str, str]]:
    """("key:id", name) of what is counted in the running month."""
    period = month_of(timezone.now())
    return [
        (f"{kind.key}:{reading.object_id}", f"{kind.label}, {reading.label}")
        for kind in meter_kinds()
        for reading in kind.read(tenant.pk, period, None)
    ]


class VatForm(CleanText, forms.Form):
    """By what VAT a company is charged from a month on."""

    starts_on = forms.ChoiceField(label=_("From"), choices=months_around)
    kind = forms.ChoiceField(label=_("VAT"), choices=VatTerms.Kind.choices)
    rate = forms.DecimalField(
        label=_("VAT (%)"),
        min_value=0,
        max_value=100,
        max_digits=5,
        decimal_places=2,
        help_text=_("0 where it is reverse-charged or exempt."),
    )
    number = forms.CharField(
        label=_("VAT number"),
        max_length=30,
        required=False,
        help_text=_("The company's own, where it owes the tax itself. It stands on the statement."),
    )
    ground = forms.CharField(
        label=_("Ground of the exemption"),
        max_length=200,
        required=False,
        help_text=_("Such as the article of the law. It stands on the statement."),
    )

    def clean_starts_on(self) -> date:
        return date.fromisoformat(self.cleaned_data["starts_on"])


class MailMeForm(forms.Form):
    wanted = forms.BooleanField(label=_("Mail me when a month-end run has ended"), required=False)


class ClosingForm(CleanText, forms.Form):
    month = forms.ChoiceField(label=_("Month"), choices=months_over)
    company = forms.SlugField(
        label=_("Company"),
        max_length=50,
        required=False,
        help_text=_("Its address. Empty: every company that has not closed the month yet, in the background."),
    )
    reason = forms.CharField(
        label=_("Reason to close although something stands in the way"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 60}),
        help_text=_(
            "For one company only. It stays on the statement; leave it empty to see first what stands in the way."
        ),
    )

    def clean_month(self) -> date:
        return date.fromisoformat(self.cleaned_data["month"])

    def clean_company(self) -> Tenant | None:
        slug = self.cleaned_data["company"]
        tenant = Tenant.objects.filter(slug=slug).first() if slug else None
        if slug and tenant is None:
            raise forms.ValidationError(_("There is no company with this address."))
        return tenant

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("reason") and not self.cleaned_data.get("company") and not self.errors:
            self.add_error("company", _("A reason is about one company: say which."))
        return self.cleaned_data
