"""The one form of a document that its digest is made from: the same values always give the same bytes.

JSON in UTF-8 without spaces, keys sorted, no floating-point numbers: money as text with its decimals ("12.00", a price
"0.1234"), times as text in UTC with microseconds ("2026-11-01T00:00:00.000000Z"), days and months as text ("2026-11-01"),
durations in whole microseconds. The digest itself is left out; `form` says by which rules it was made:

1. as it began;
2. with why VAT is charged or not (`vat_kind`, `vat_number`, `vat_ground`), and the company's address (`tenant_slug`).

A closed statement keeps the form that it was closed in, and its digest.
"""

import hashlib
import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from portal.billing.document import Document, Line, Price
from portal.billing.meters import Reading

SECOND = 2


def digest_of(text: str) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def text_of(document: Document) -> str:
    return json.dumps(values_of(document), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def at_text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}Z"


def values_of(document: Document) -> dict[str, Any]:
    """A document as the canonical form has it, before it is written out."""
    return _since_the_first(document) | (_since_the_second(document) if document.form >= SECOND else {})


def _since_the_second(document: Document) -> dict[str, Any]:
    return {
        "tenant_slug": document.tenant_slug,
        "vat_kind": document.vat_kind,
        "vat_number": document.vat_number,
        "vat_ground": document.vat_ground,
    }


def _since_the_first(document: Document) -> dict[str, Any]:
    return {
        "form": document.form,
        "number": document.number,
        "tenant": document.tenant,
        "month": document.month.isoformat(),
        "zone": document.zone,
        "currency": document.currency,
        "lines": [_line(line) for line in document.lines],
        "net": _decimal(document.net),
        "vat_rate": _decimal(document.vat_rate),
        "vat": _decimal(document.vat),
        "gross": _decimal(document.gross),
        "drawn_at": at_text(document.drawn_at),
        "closed_at": at_text(document.closed_at) if document.closed_at else None,
        "closed_by": document.closed_by,
        "reason": document.reason,
        "previous_digest": document.previous_digest,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "position": line.position,
        "kind": line.kind,
        "meter": line.meter,
        "label": line.label,
        "reading": _reading(line.reading),
        "free_units": line.free_units,
        "charged": line.charged,
        "unit_price": _decimal(line.unit_price),
        "amount": _decimal(line.amount),
        "note": line.note_code,
        "corrects": line.corrects,
        "old_value": line.old_value,
        "old_amount": None if line.old_amount is None else _decimal(line.old_amount),
        "prices": [_price(price) for price in line.prices],
    }


def _reading(reading: Reading) -> dict[str, Any]:
    return {
        "object_id": reading.object_id,
        "label": reading.label,
        "value": reading.value,
        "at_most": reading.at_most,
        "opening": reading.opening,
        "closing": reading.closing,
        "reached_at": at_text(reading.reached_at) if reading.reached_at else None,
        "by_vendors_clock": reading.by_vendors_clock,
        "order": reading.order,
        "person": reading.person,
        "lasted_us": reading.lasted // timedelta(microseconds=1),
        "days": reading.days,
        "highest_use": reading.highest_use,
        "read_at": at_text(reading.read_at) if reading.read_at else None,
        "moments": [at_text(moment) for moment in reading.moments],
        "levels": levels_of(reading),
        "unsettled": unsettled_of(reading),
    }


def levels_of(reading: Reading) -> list[list[Any]]:
    return [[at_text(level.at), level.total, level.in_use] for level in reading.levels]


def unsettled_of(reading: Reading) -> list[dict[str, Any]]:
    """By the names of its fields, `since` as text."""
    return [{**asdict(each), "since": at_text(each.since)} for each in reading.unsettled]


def _price(price: Price) -> dict[str, Any]:
    first: date = price.first
    return {
        "first": first.isoformat(),
        "days": price.days,
        "charged": price.charged,
        "unit_price": _decimal(price.unit_price),
    }


def _decimal(value: Decimal) -> str:
    return format(value, "f")
