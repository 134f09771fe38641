"""Drawing a month's statement from what the meters showed and what was agreed. Stores nothing."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

from portal.billing.books import Books, books_of
from portal.billing.charging import CENT
from portal.billing.corrections import corrections, doubtful_months
from portal.billing.document import Document, Line
from portal.billing.lines import charged_lines, zone_of
from portal.billing.vat import Vat
from portal.tenancy.models import Tenant

CURRENCY = "EUR"


def draw(tenant: Tenant, month: date, *, now: datetime, books: Books | None = None) -> Document:
    """The draft of the month that the day `month` lies in, as known now, in a scope that sees the tenant.

    What earlier statements have to be corrected by stands on the draft that will be closed next, and on no other.
    `books` where they were read already: reading them is one query, the meters of a kind are two, whatever their number.
    """
    first = month.replace(day=1)
    books = books or books_of(tenant.pk, first)
    zone = zone_of(books.contracts_in(first)).key
    return _document(tenant, first, zone, lines_in(books, first), books.vat_in(first), now)


def lines_in(books: Books, first: date) -> list[Line]:
    """Those of the month, and what closed months have to be corrected by."""
    read = charged_lines(books, [first, *doubtful_months(books, first)])
    return [*read.pop(first), *corrections(books, read)]


def _document(tenant: Tenant, first: date, zone: str, lines: Sequence[Line], taxed: Vat, now: datetime) -> Document:
    net = sum((line.amount for line in lines), Decimal("0.00"))
    vat = (net * taxed.rate / 100).quantize(CENT, ROUND_HALF_UP)
    return Document(
        number="",
        tenant=tenant.name,
        tenant_slug=tenant.slug,
        month=first,
        zone=zone,
        currency=CURRENCY,
        lines=[replace(line, position=position) for position, line in enumerate(lines, start=1)],
        net=net,
        vat_rate=taxed.rate,
        vat=vat,
        gross=net + vat,
        drawn_at=now,
        vat_kind=taxed.kind,
        vat_number=taxed.number,
        vat_ground=taxed.ground,
    )
