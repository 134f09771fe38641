"""Drawing a month's statement from what the meters showed and what was agreed. Stores nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings

from portal.billing.charging import CENT
from portal.billing.corrections import corrections_on
from portal.billing.document import Document, Line
from portal.billing.lines import charged_lines, contracts_in, zone_of
from portal.tenancy.models import Tenant

CURRENCY = "EUR"


def draw(tenant: Tenant, month: date, *, now: datetime) -> Document:
    """The draft of the month that the day `month` lies in, as known now, in a scope that sees the tenant.

    What earlier statements have to be corrected by stands on the draft that will be closed next, and on no other.
    """
    first = month.replace(day=1)
    contracts = contracts_in(tenant.pk, first)
    lines = [*charged_lines(tenant.pk, first, contracts), *corrections_on(tenant.pk, first)]
    return _document(tenant, first, zone_of(contracts).key, lines, now)


def _document(tenant: Tenant, first: date, zone: str, lines: Sequence[Line], now: datetime) -> Document:
    net = sum((line.amount for line in lines), Decimal("0.00"))
    rate = Decimal(settings.BILLING_VAT_PERCENT).quantize(CENT)
    vat = (net * rate / 100).quantize(CENT, ROUND_HALF_UP)
    return Document(
        number="",
        tenant=tenant.name,
        month=first,
        zone=zone,
        currency=CURRENCY,
        lines=[replace(line, position=position) for position, line in enumerate(lines, start=1)],
        net=net,
        vat_rate=rate,
        vat=vat,
        gross=net + vat,
        drawn_at=now,
    )
