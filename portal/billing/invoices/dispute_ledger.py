"""The ledger behind a line as CSV: what a program, or a spreadsheet, can add up again. Times are UTC."""

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

from portal.billing.invoices.case import Case
from portal.lists.csv_text import BYTE_ORDER_MARK, cell

HEADING = ["time (UTC)", "clock", "cause", "change", "level", "order", "request ids"]


def ledger_csv(case: Case) -> str:
    """The level the month opened with, then each change; no formula among them."""
    written = StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(HEADING)
    lines.writerows([cell(value, UTC) for value in row] for row in _rows(case))
    return BYTE_ORDER_MARK + written.getvalue()


def _rows(case: Case) -> Iterator[list[object]]:
    if case.ledger is None:
        return
    yield [_time(case.period.start), "", "opening level", "", case.ledger.opening, "", ""]
    for entry in case.ledger.entries:
        yield [
            _time(entry.at),
            "vendor" if entry.by_vendors_clock else "ours",
            entry.cause,
            entry.quantity,
            entry.level,
            entry.order,
            case.requests_of(entry.operation_id),
        ]


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
