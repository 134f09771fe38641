"""Bulk work with subscribers: made from a file, deleted by the selection of a list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from portal.bulk.chosen import answer_to, deletion
from portal.bulk.forms import OptionsForm
from portal.bulk.models import Batch, BatchRow
from portal.bulk.registry import BatchKind, Field, Later, Outlook, Refusal
from portal.operations.models import Operation
from portal.tenancy.roles import Role
from provisioning import operations
from provisioning.forecast import Forecast, forecast, free_of
from provisioning.models import Order, Product, Subscriber
from provisioning.operations import NoProductFree, NotPromised, Wanted
from provisioning.operations.rules import check_deletion, check_end, check_new, check_username, taken_usernames
from provisioning.terms import with_terms
from provisioning.usage import usage_now

SUBSCRIBERS = "provisioning.subscribers"
DAY_AND_TIME = [
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d/%m/%Y %H:%M",
    "%d.%m.%Y %H:%M",
]

Answer = Operation | Refusal | Later


# --- Making them --------------------------------------------------------------------------------------------------


class ProductChoice(OptionsForm):
    """Over which connection, as which product. Nothing to choose where there is one."""

    product = forms.ChoiceField(label=_("Product"), help_text=_("Each subscriber uses one of it while it lives."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        products = Product.objects.for_desk().filter(connection__vendor="kandy")
        field = self.fields["product"]
        field.choices = [(str(one.pk), _label(one)) for one in products]  # type: ignore[attr-defined]


def _label(product: Product) -> str:
    text = _("%(product)s over %(connection)s, %(free)s free")
    return text % {"product": product.name, "connection": product.connection.name, "free": max(free_of(product), 0)}


def check_new_subscribers(batch: Batch, rows: Sequence[BatchRow]) -> None:
    product = _product(batch)
    if product is None:
        for row in rows:
            row.refuse(gettext_noop("The product that was chosen is not there any more. Choose another one."))
        return
    taken = taken_usernames(product.connection_id, [row.values["username"] for row in rows])
    for row in rows:
        try:
            check_username(row.values["username"])
            check_new(row.values["username"], taken)
            row.values["ends_at"] = _end_of(row.values["ends_at"], batch)
        except NotPromised as refusal:
            row.refuse(refusal.sentence.text, **refusal.sentence.values)


def _end_of(text: str, batch: Batch) -> str:
    """As ISO 8601 with its zone; "" for a subscriber that stays. Raises NotPromised."""
    if not text:
        return ""
    try:
        with timezone.override(batch.tenant.zone):
            ends_at = forms.DateTimeField(input_formats=DAY_AND_TIME).clean(text)
    except ValidationError as error:
        raise NotPromised(
            gettext_noop("“%(text)s” is no day and time; write it like 2030-12-31 17:00."), text=text
        ) from error
    check_end(ends_at)
    return ends_at.isoformat()


def promise_new_subscribers(batch: Batch, rows: Sequence[BatchRow]) -> list[Answer]:
    product = _product(batch)
    if product is None:
        gone = gettext_noop("The product that was chosen is not there any more.")
        return [_answer(NotPromised(gone)) for _row in rows]
    wanted = [Wanted(row.values["username"], _moment(row.values["ends_at"])) for row in rows]
    answers = operations.create_subscribers(product, wanted, acting_user=batch.started_by)
    return [_answer(answer) for answer in answers]


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _answer(answer: Operation | NotPromised) -> Answer:
    return Later(answer.sentence) if isinstance(answer, NoProductFree) else answer_to(answer)


def _product(batch: Batch) -> Product | None:
    """The one chosen, of this tenant."""
    products = Product.objects.select_related("connection__tenant")
    return products.filter(pk=batch.options["product"], tenant_id=batch.tenant_id).first()


def outlook_of_new(batch: Batch) -> Outlook:
    """How many products it takes; and where there are too few, what ordering the others would do."""
    product = with_terms(Product.objects.for_desk()).filter(pk=batch.options["product"]).first()
    if product is None:
        gone = _("The product that was chosen is not there any more. Choose another one.")
        return Outlook("provisioning/_bulk_new.html", {}, blocked=str(gone))
    free = max(free_of(product), 0)
    missing = max(batch.left - free, 0)
    told = _forecast(product, missing) if missing else None
    return Outlook(
        "provisioning/_bulk_new.html",
        {"product": product, "free": free, "missing": missing, "told": told, "needed": batch.left},
    )


def _forecast(product: Product, quantity: int) -> Forecast | None:
    """None before the inventory was read."""
    usage = usage_now(product)
    # The import itself takes those that are free.
    return forecast(usage, Order.Type.INCREMENT, quantity, free=0) if usage else None


CREATE = BatchKind(
    name="provisioning.create_subscribers",
    label=_("Import subscribers"),
    role=Role.OPERATOR,
    check=check_new_subscribers,
    outlook=outlook_of_new,
    promise=promise_new_subscribers,
    fields=(
        Field(
            "username",
            _("Username"),
            required=True,
            help_text=_(
                "1 to 64 of the letters A to Z, digits and . _ + -, different from every other username in use."
            ),
            aliases=("username", "user", "login", "gebruikersnaam", "gebruiker", "name", "naam"),
            example="noor.de.vries",
        ),
        Field(
            "ends_at",
            _("Ends"),
            help_text=_("Day and time in the company's zone, for temporary subscribers. Empty: until it is deleted."),
            aliases=("ends", "end", "endsat", "until", "einde", "tot"),
            example=f"{timezone.now().year + 1}-12-31 17:00",
        ),
    ),
    identity="username",
    list_key=SUBSCRIBERS,
    icon="user-plus",
    options=ProductChoice,
)


# --- Deleting them ------------------------------------------------------------------------------------------------

DELETE = deletion(
    "provisioning.delete_subscribers",
    _("Delete subscribers"),
    find=lambda ids: Subscriber.objects.defer("password").in_bulk(ids),
    check=check_deletion,
    delete=operations.delete_subscribers,
    template="provisioning/_bulk_delete.html",
    list_key=SUBSCRIBERS,
)
