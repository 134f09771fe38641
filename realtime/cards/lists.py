"""The list of customer cards."""

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from portal.lists.registry import Column, ListSpec
from portal.tenancy.models import Tenant
from portal.tenancy.roles import Role
from realtime.cards.forms import CardFilter
from realtime.cards.models import Card


def _cards(tenant: Tenant) -> QuerySet[Card]:
    return Card.objects.filter(tenant=tenant).prefetch_related("numbers")


def _numbers(card: Card) -> str:
    return ", ".join(row.number for row in card.numbers.all())


CARDS = ListSpec(
    key="realtime.cards",
    label=_("Customer cards"),
    url_name="realtime:cards",
    role=Role.VIEWER,
    columns=(
        Column("name", _("Name"), lambda row: row.name, order=("name", "pk")),
        Column("company", _("Company"), lambda row: row.company, order=("company", "pk")),
        Column("numbers", _("Numbers"), _numbers),
        Column("reference", _("Reference"), lambda row: row.reference),
        Column("note", _("Note"), lambda row: row.note),
        Column("changed", _("Changed"), lambda row: row.changed_at, order=("changed_at", "pk")),
    ),
    rows=_cards,
    form=lambda data, tenant: CardFilter(data),
    narrow=lambda form, rows, tenant: form.narrow(rows),
    order=("name", "pk"),
)
