"""Months that were over long ago, and Acme's seats in them."""

from datetime import UTC, date, datetime
from decimal import Decimal

from portal.billing.contracts import agree
from portal.billing.models import Contract, Statement
from portal.tenancy.scope import tenant_scope
from tests.billing.samples_seats import SEATS

JANUARY, FEBRUARY, MARCH, APRIL = (date(2025, number, 1) for number in (1, 2, 3, 4))
NOW = datetime(2025, 5, 1, 12, tzinfo=UTC)


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=UTC)


def agreed(cast, price: str = "2.50", starts_on: date = JANUARY, **terms) -> Contract:
    """A price for Acme's seats, agreed by Adam."""
    terms = {"object_id": 1, "unit_price": Decimal(price)} | terms
    with tenant_scope(cast.acme.pk):
        return agree(cast.acme, SEATS, starts_on=starts_on, acting_user=cast.adam, **terms)


def numbers_of(tenant) -> list[str]:
    with tenant_scope(tenant.pk):
        return [statement.number for statement in Statement.objects.order_by("sequence")]
