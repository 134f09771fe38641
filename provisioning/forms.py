"""What people type on the video pages, checked before any verb sees it."""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from portal.search.finding import matching
from portal.ui.forms import FilterForm, PortalForm
from provisioning.models import Drift, Order, Product, Subscriber
from provisioning.operations import LARGEST_QUANTITY, NotPromised, check_end, check_username
from provisioning.pending import MOST_DAYS
from provisioning.thresholds import Thresholds

# The vendor's own rule.
USERNAME = re.compile(r"[A-Za-z0-9._+-]{1,64}", re.ASCII)
LARGEST_THRESHOLD = 10_000_000
LONGEST_TEMPORARY = timedelta(days=3 * 366)
LARGEST_ID = 2**63 - 1


class WholeNumberField(forms.IntegerField):
    """Digits 0 to 9 alone: Python would also take those of other scripts, and Django a fraction of zeros."""

    default_error_messages = {"invalid": _("Enter a whole number in digits, such as 5.")}

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip() if value != 0 else "0"
        if text and not re.fullmatch(r"[-+]?[0-9]{1,30}", text, re.ASCII):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return super().to_python(text)


class LocalMomentField(forms.DateTimeField):
    """A moment typed on the wall clock of `zone`; refused in the hour that the clocks leave out or repeat."""

    zone: tzinfo = timezone.get_default_timezone()

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, **options)

    def to_python(self, value: Any) -> datetime | None:
        with timezone.override(self.zone):
            return super().to_python(value)

    def prepare_value(self, value: Any) -> Any:
        with timezone.override(self.zone):
            return super().prepare_value(value)


class DayField(forms.DateField):
    """A day of the years that the portal can have seen; others cannot be reckoned with in every zone."""

    default_validators = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2200, 1, 1))]

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


def product_choices(products: Iterable[Product]) -> list[tuple[str, str]]:
    return [(str(product.pk), product.name) for product in products]


class OrderForm(PortalForm):
    """More or fewer products. `product` is asked only where there are several."""

    product = forms.ChoiceField(label=_("Product"))
    type = forms.ChoiceField(
        label=_("What"),
        choices=[
            (Order.Type.INCREMENT, _("More products (increment)")),
            (Order.Type.DECREMENT, _("Fewer products (decrement)")),
        ],
        widget=forms.RadioSelect,
        initial=Order.Type.INCREMENT,
    )
    quantity = WholeNumberField(
        label=_("How many"),
        min_value=1,
        max_value=LARGEST_QUANTITY,
        error_messages={
            "min_value": _("Order at least 1 product."),
            "max_value": _("Order at most %(limit_value)s products at a time."),
        },
    )

    def __init__(self, *args: Any, products: list[Product], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.products = {str(product.pk): product for product in products}
        field = self.fields["product"]
        field.choices = product_choices(products)  # type: ignore[attr-defined]
        if len(products) == 1:
            field.widget, field.required, field.initial = forms.HiddenInput(), False, str(products[0].pk)

    def clean_product(self) -> Product:
        chosen = self.cleaned_data["product"] or next(iter(self.products))
        return self.products[chosen]


class SubscriberForm(PortalForm):
    """A user of the tenant's application; a temporary one names its end in the tenant's zone."""

    PERSISTENT, TEMPORARY = "persistent", "temporary"

    product = forms.ChoiceField(label=_("Product"))
    username = forms.CharField(
        label=_("Username"),
        max_length=64,
        help_text=_("1 to 64 of the letters A to Z, digits and . _ + -, different from every other username in use."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(
        label=_("How long"),
        choices=[
            (PERSISTENT, _("Until it is deleted (persistent)")),
            (TEMPORARY, _("Until a fixed end (temporary)")),
        ],
        widget=forms.RadioSelect,
        initial=PERSISTENT,
    )
    ends_at = LocalMomentField(label=_("End, if temporary"), required=False)

    def __init__(self, *args: Any, products: list[Product], zone: tzinfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.products = {str(product.pk): product for product in products}
        field = self.fields["product"]
        field.choices = product_choices(products)  # type: ignore[attr-defined]
        if len(products) == 1:
            field.widget, field.required, field.initial = forms.HiddenInput(), False, str(products[0].pk)
        end = self.fields["ends_at"]
        end.zone = zone  # type: ignore[attr-defined]
        end.help_text = _("The portal deletes it then. Time zone: %(zone)s.") % {"zone": zone}

    def clean_product(self) -> Product:
        chosen = self.cleaned_data["product"] or next(iter(self.products))
        return self.products[chosen]

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        try:
            check_username(username)
        except NotPromised as refusal:
            raise ValidationError(str(refusal), code="username") from refusal
        return username

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("kind") != self.TEMPORARY:
            self.errors.pop("ends_at", None)
            cleaned["ends_at"] = None
        elif "ends_at" not in self.errors:
            self._check_end(cleaned.get("ends_at"))
        return cleaned

    def _check_end(self, ends_at: datetime | None) -> None:
        if ends_at is None:
            self.add_error("ends_at", _("Say when it ends, or choose “Until it is deleted”."))
            return
        try:
            check_end(ends_at)
        except NotPromised as refusal:
            self.add_error("ends_at", str(refusal))


class ReasonForm(PortalForm):
    """A decision that others will want to understand."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Stays in the audit trail."),
    )


class SubscriberIdForm(PortalForm):
    """What the vendor told of a subscriber whose answer was lost."""

    vendor_id = forms.CharField(label=_("Subscriber ID"), max_length=100, help_text=_("As the vendor tells it."))
    identity = forms.CharField(
        label=_("Identity"), max_length=200, required=False, help_text=_("Such as anna@example.com, where it is known.")
    )


class PriceForm(PortalForm):
    """What was agreed with the vendor, and from where on people want to be told."""

    unit_price = forms.DecimalField(
        label=_("Price per product and month (EUR)"), min_value=0, max_digits=10, decimal_places=4
    )
    limit_eur = forms.DecimalField(
        label=_("Agreed limit (EUR a month)"),
        min_value=0,
        max_digits=12,
        decimal_places=2,
        required=False,
        help_text=_(
            "An order that lifts the value of all products above it waits for the vendor's people. Empty: unknown."
        ),
    )
    warn_free_below = WholeNumberField(
        label=_("Fewer products are free than"), min_value=1, max_value=LARGEST_THRESHOLD, required=False
    )
    warn_peak_above = WholeNumberField(
        label=_("The month's peak is above (products)"), min_value=0, max_value=LARGEST_THRESHOLD, required=False
    )
    warn_cost_above = forms.DecimalField(
        label=_("The month costs more than (EUR)"), min_value=0, max_digits=12, decimal_places=2, required=False
    )
    warn_limit_percent = WholeNumberField(
        label=_("So much of the agreed limit is reached (%)"), min_value=1, max_value=100, required=False
    )
    warn_pending_days = WholeNumberField(
        label=_("An order is on its way for more than (days)"), min_value=1, max_value=MOST_DAYS, required=False
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("warn_limit_percent") and not cleaned.get("limit_eur") and "limit_eur" not in self.errors:
            self.add_error("warn_limit_percent", _("Enter the agreed limit above, or leave this empty."))
        return cleaned

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(**{name: self.cleaned_data[f"warn_{name}"] for name in Thresholds.__dataclass_fields__})


# --- Filters ------------------------------------------------------------------------------------------------------


class OrderFilter(FilterForm):
    """Days are those of the tenant's zone. Whom the list offers, it is checked as a number only: a stranger finds nothing."""

    q = forms.CharField(label=_("Order number"), max_length=80, widget=forms.TextInput(attrs={"type": "search"}))
    status = forms.ChoiceField(
        label=_("State"), choices=[("", _("All")), ("moving", _("On their way")), *Order.Status.choices]
    )
    type = forms.ChoiceField(label=_("Type"), choices=[("", _("All")), *Order.Type.choices])
    who = forms.RegexField(
        r"^(vendor|[0-9]{1,18})$",
        label=_("Ordered by"),
        widget=forms.Select(choices=[("", _("Everybody")), ("vendor", _("Not through the portal"))]),
        error_messages={"invalid": _("Choose one of the people.")},
    )
    since = DayField(label=_("From"))
    until = DayField(label=_("To"))
    connection = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_ID)

    def narrow(self, orders: QuerySet[Order], zone: tzinfo) -> QuerySet[Order]:
        chosen = self.chosen()
        orders = of_connection(orders, chosen.get("connection"))
        if number := chosen.get("q"):
            orders = orders.filter(matching("provisioning.order", number))
        if status := chosen.get("status"):
            orders = orders.on_their_way() if status == "moving" else orders.filter(status=status)  # type: ignore[attr-defined]
        if order_type := chosen.get("type"):
            orders = orders.filter(type=order_type)
        if who := chosen.get("who"):
            orders = orders.filter(requested_by=None if who == "vendor" else int(who))
        if since := chosen.get("since"):
            orders = orders.filter(created_at__gte=midnight(since, zone))
        if until := chosen.get("until"):
            orders = orders.filter(created_at__lt=midnight(until + timedelta(days=1), zone))
        return orders


class SubscriberFilter(FilterForm):
    q = forms.CharField(label=_("Search"), max_length=200, widget=forms.TextInput(attrs={"type": "search"}))
    state = forms.ChoiceField(
        label=_("State"),
        choices=[
            ("", _("All that live")),
            *Subscriber.State.choices,
            ("lost", _("Credentials lost")),
            ("all", _("All, deleted ones too")),
        ],
    )
    kind = forms.ChoiceField(
        label=_("Kind"), choices=[("", _("All")), ("persistent", _("Persistent")), ("temporary", _("Temporary"))]
    )
    connection = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_ID)

    def narrow(self, subscribers: QuerySet[Subscriber]) -> QuerySet[Subscriber]:
        chosen = self.chosen()
        subscribers = of_connection(subscribers, chosen.get("connection"))
        subscribers = _of_state(subscribers, chosen.get("state", ""))
        if kind := chosen.get("kind"):
            subscribers = subscribers.filter(ends_at__isnull=kind == "persistent")
        if text := chosen.get("q"):
            subscribers = subscribers.filter(matching("provisioning.subscriber", text))
        return subscribers


class DifferenceFilter(FilterForm):
    """`state` is chosen by the page's tabs."""

    kind = forms.ChoiceField(label=_("Difference"), choices=[("", _("All")), *Drift.Kind.choices])
    state = forms.ChoiceField(choices=[("", _("Open")), ("decided", _("Decided"))], widget=forms.HiddenInput)
    connection = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=LARGEST_ID)

    def narrow(self, differences: QuerySet[Drift]) -> QuerySet[Drift]:
        chosen = self.chosen()
        differences = of_connection(differences, chosen.get("connection"))
        if kind := chosen.get("kind"):
            differences = differences.filter(kind=kind)
        if chosen.get("state") == "decided":
            return differences.exclude(state=Drift.State.OPEN)
        return differences.open()  # type: ignore[attr-defined]


def _of_state(subscribers: Any, state: str) -> Any:
    if state == "all":
        return subscribers
    if state == "lost":
        return subscribers.without_credentials()
    return subscribers.filter(state=state) if state else subscribers.living()


def of_connection(rows: QuerySet[Any], pk: int | None) -> Any:
    return rows.filter(connection_id=pk) if pk else rows


def midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
