"""Closed statements: storing a document as rows, and reading it back, equal to the last digit."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from portal.billing.canonical import at_text, digest_of, levels_of, text_of, unsettled_of
from portal.billing.document import Document, Line, Price
from portal.billing.meters import Level, Reading, Unsettled
from portal.billing.models import Statement, StatementLine
from portal.tenancy.models import Tenant

# Of a reading, as columns of the same name.
READING = [
    "object_id", "label", "value", "at_most", "opening", "closing", "reached_at", "by_vendors_clock", "order", "person",
    "lasted", "days", "highest_use", "read_at",
]  # fmt: skip
LINE = ["position", "kind", "meter", "free_units", "charged", "unit_price", "amount", "old_value", "old_amount"]
DOCUMENT = [
    "number", "month", "zone", "currency", "net", "vat_rate", "vat", "gross", "drawn_at", "closed_at", "digest", "reason",
    "previous_digest", "form", "vat_kind", "vat_number", "vat_ground", "tenant_slug",
]  # fmt: skip


def store(tenant: Tenant, document: Document, *, sequence: int, closed_by: Any) -> Statement:
    """Keep a finished document (with number, times and who) for good. Its digest is made here."""
    text = text_of(document)
    same = {name: getattr(document, name) for name in DOCUMENT if name not in ("number", "digest")}
    statement = Statement.objects.create(
        tenant=tenant,
        sequence=sequence,
        tenant_name=document.tenant,
        line_count=len(document.lines),
        closed_by=closed_by,
        closed_by_name=document.closed_by,
        canonical=text,
        digest=digest_of(text),
        **same,
    )
    numbered = _ids_by_number(tenant.pk, document.lines)
    StatementLine.objects.bulk_create([_row(statement, line, numbered) for line in document.lines], batch_size=500)
    return statement


def _ids_by_number(tenant_id: int, lines: Iterable[Line]) -> dict[str, int]:
    if not any(line.corrects for line in lines):
        return {}
    return {
        statement.number: statement.pk for statement in Statement.objects.filter(tenant_id=tenant_id).defer("canonical")
    }


def _row(statement: Statement, line: Line, numbered: dict[str, int]) -> StatementLine:
    return StatementLine(
        tenant_id=statement.tenant_id,
        statement=statement,
        note=line.note_code,
        corrects_id=numbered[line.corrects] if line.corrects else None,
        moments=[at_text(moment) for moment in line.reading.moments],
        levels=levels_of(line.reading),
        unsettled=unsettled_of(line.reading),
        prices=[[price.first.isoformat(), price.days, price.charged, str(price.unit_price)] for price in line.prices],
        **{name: getattr(line, name) for name in LINE},
        **{name: getattr(line.reading, name) for name in READING},
    )


def document_of(statement: Statement, lines: Sequence[StatementLine] | None = None) -> Document:
    """A closed statement as it was closed, from its rows (of `lines` where they were read already)."""
    rows = lines if lines is not None else statement.lines.select_related("corrects")
    same = {name: getattr(statement, name) for name in DOCUMENT}
    return Document(
        tenant=statement.tenant_name,
        closed_by=statement.closed_by_name,
        lines=[_line(row) for row in sorted(rows, key=lambda row: row.position)],
        **same,
    )


def _line(row: StatementLine) -> Line:
    reading = Reading(
        **{name: getattr(row, name) for name in READING},
        moments=[_moment(at) for at in row.moments],
        levels=[Level(_moment(at), total, in_use) for at, total, in_use in row.levels],
        unsettled=[Unsettled(**{**each, "since": _moment(each["since"])}) for each in row.unsettled],
    )
    return Line(
        label=row.label,
        reading=reading,
        note_code=row.note,
        corrects=row.corrects.number if row.corrects else "",
        prices=[_price(*each) for each in row.prices],
        **{name: getattr(row, name) for name in LINE},
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _price(first: str, days: int, charged: int, unit_price: str) -> Price:
    return Price(date.fromisoformat(first), days, charged, Decimal(unit_price))
