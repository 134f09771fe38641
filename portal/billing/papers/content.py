"""What stands in a statement's PDF, as plain JSON for the template: every word said, every figure written, in one language."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from portal.billing.document import Document, Line, Price
from portal.billing.meters import Unsettled
from portal.billing.papers.figure import figure, has_figure
from portal.billing.papers.wording import (
    clock_time,
    counted,
    kind,
    month_name,
    span,
    unit_price,
    vat_label,
    vat_said,
)
from portal.ui.formats import NOTHING, money, number
from portal.ui.statuses import look_of

Fact = tuple[str, str]


def content(document: Document) -> dict[str, Any]:
    return {
        "draft": document.draft,
        "title": _title(document),
        "mark": _("DRAFT"),
        "company": document.tenant,
        "month": month_name(document),
        "warning": _draft_warning(document),
        "facts": list(_facts(document)),
        "headings": _headings(),
        "lines": [_line(document, line) for line in document.lines],
        "no_lines": _("Nothing was counted in this month."),
        "totals": _totals(document),
        "vat_said": vat_said(document),
        "peaks_title": _("How the peaks came about"),
        "peaks_said": _peaks_said(document),
        "peaks": [_peak(document, line) for line in document.lines if line.kind == "peak"],
        "corrections_title": _("What is corrected"),
        "corrections": [_correction(document, line) for line in document.lines if line.corrects],
        "proof": _proof(document),
        "page": _("Page {page} of {pages}"),
        "footer": _footer(document),
    }


def _title(document: Document) -> str:
    return _("Draft statement") if document.draft else _("Statement %(number)s") % {"number": document.number}


def _draft_warning(document: Document) -> dict[str, str] | None:
    if not document.draft:
        return None
    at = clock_time(document.drawn_at, ZoneInfo(document.zone))
    return {
        "title": _("Draft"),
        "text": _("This month is not closed. The figures are those known on %(at)s and may change; nothing is due yet.")
        % {"at": at},
    }


def _facts(document: Document) -> Iterator[Fact]:
    zone = ZoneInfo(document.zone)
    yield _("Time zone"), document.zone
    if document.closed_at is None:
        yield _("Figures as of"), clock_time(document.drawn_at, zone)
        return
    yield _("Closed"), clock_time(document.closed_at, zone)
    yield _("Closed by"), document.closed_by or _("the portal, after the days of grace")
    if document.reason:
        yield _("Reason"), document.reason


def _headings() -> list[str]:
    return [_("Line"), _("What"), _("Counted"), _("Free"), _("Charged"), _("Price of one"), _("Amount")]


def _line(document: Document, line: Line) -> dict[str, Any]:
    return {
        "position": number(line.position),
        "label": line.label,
        "kind": kind(line),
        "note": line.note,
        "counted": number(line.reading.value),
        "at_most": _at_most(line),
        "free": number(line.free_units),
        "charged": number(line.charged),
        "price": unit_price(line.unit_price, document.currency),
        "amount": money(line.amount, document.currency),
    }


def _at_most(line: Line) -> str:
    if line.reading.at_most <= line.reading.value:
        return ""
    return _("at most %(most)s") % {"most": number(line.reading.at_most)}


def _totals(document: Document) -> list[Fact]:
    return [
        (pgettext("before VAT", "Net"), money(document.net, document.currency)),
        (vat_label(document), money(document.vat, document.currency)),
        (_("Total with VAT"), money(document.gross, document.currency)),
    ]


def _peaks_said(document: Document) -> str:
    return _(
        "The peak is the highest level of the month, the level it opened with included. Times are those of %(zone)s."
    ) % {"zone": document.zone}


def _peak(document: Document, line: Line) -> dict[str, Any]:
    return {
        "position": number(line.position),
        "label": line.label,
        "value": number(line.reading.value),
        "said": _story(document, line),
        "facts": list(_peak_facts(line)),
        "tables": [table for table in (_terms(document, line), _unsettled(document, line)) if table],
        "figure": figure(document, line) if has_figure(line) else None,
    }


def _story(document: Document, line: Line) -> list[str]:
    """Sentences: when it was reached, and what is not certain about it."""
    reading = line.reading
    if reading.reached_at is None:
        said = [_("The month opened with %(value)s, and no level was higher.") % {"value": number(reading.value)}]
    else:
        words = {
            "value": number(reading.value),
            "at": clock_time(reading.reached_at, ZoneInfo(document.zone)),
        }
        if reading.by_vendors_clock:
            said = [_("%(value)s was first reached on %(at)s, by the vendor's clock.") % words]
        else:
            said = [_("%(value)s was first reached on %(at)s, by this portal's clock.") % words]
    if len(reading.moments) > 1:
        last = clock_time(reading.moments[-1], ZoneInfo(document.zone))
        times = {"times": number(len(reading.moments)), "at": last}
        said.append(_("It was reached %(times)s times, the last on %(at)s.") % times)
    if reading.at_most > reading.value:
        values = {"value": number(reading.value), "most": number(reading.at_most)}
        said.append(_("%(value)s is proven; it is at most %(most)s, as some outcomes are not known.") % values)
    return said


def _peak_facts(line: Line) -> Iterator[Fact]:
    reading = line.reading
    if reading.reached_at is not None:
        yield _("Order"), reading.order or _("none is known")
        yield _("Person"), reading.person or _("nobody is known")
    yield _("Held for"), span(reading.lasted)
    yield _("Days at the peak"), number(reading.days)
    yield _("At the beginning"), number(reading.opening)
    yield _("At the end"), number(reading.closing)
    if reading.highest_use is not None:
        yield (
            _("Most in use"),
            _("%(used)s of %(value)s") % {"used": number(reading.highest_use), "value": number(reading.value)},
        )
        yield _("Never in use"), number(max(0, reading.value - reading.highest_use))


def _terms(document: Document, line: Line) -> list[list[str]]:
    """What was agreed from when on, where more than one contract was in force; headings first."""
    rows = [_price(document, price) for price in line.prices]
    return [[_("Terms from"), _("Days"), _("Charged"), _("Price of one")], *rows] if rows else []


def _price(document: Document, price: Price) -> list[str]:
    return [
        formats.date_format(price.first, "j M Y"),
        number(price.days),
        number(price.charged),
        unit_price(price.unit_price, document.currency),
    ]


def _unsettled(document: Document, line: Line) -> list[list[str]]:
    """What may still move the level; headings first."""
    rows = [_one_unsettled(document, each) for each in line.reading.unsettled]
    return [[_("Not settled"), _("Quantity"), _("Since"), _("State")], *rows] if rows else []


def _one_unsettled(document: Document, each: Unsettled) -> list[str]:
    sign = "+" if each.quantity > 0 else "−"
    return [
        each.text,
        f"{sign}{number(abs(each.quantity))}",
        clock_time(each.since, ZoneInfo(document.zone)),
        str(look_of(each.condition).label),
    ]


def _correction(document: Document, line: Line) -> dict[str, Any]:
    before = NOTHING if line.old_value is None else number(line.old_value)
    return {
        "position": number(line.position),
        "label": line.label,
        "said": [kind(line) + ".", *([line.note] if line.note else [])],
        "facts": [
            (_("Counted before"), before),
            (_("Counted now"), counted(line.reading.value, line.reading.at_most)),
            (_("Amount before"), money(line.old_amount, document.currency)),
            (_("Added here"), money(line.amount, document.currency)),
        ],
    }


def _proof(document: Document) -> dict[str, Any]:
    """How somebody who holds the paper can tell that the portal says the same."""
    if document.draft:
        said, digests = _("A draft has none: it gets its number and its digest when its month is closed."), []
    else:
        said = _(
            "It is the SHA-256 of this statement's canonical form: every figure above, every level behind them, and the "
            "digest of the statement before it. To verify, download the canonical form from this statement's page in the "
            "portal and compute its SHA-256. For all that are stored, “manage.py verify_statements” does the same."
        )
        digests = [(_("SHA-256 of this statement"), document.digest)]
    if document.previous_digest:
        digests.append((_("SHA-256 of the statement before"), document.previous_digest))
    return {"title": _("Digest"), "text": said, "digests": digests}


def _footer(document: Document) -> str:
    if document.draft:
        return _("Draft of %(month)s · %(company)s") % {"month": month_name(document), "company": document.tenant}
    return _("Statement %(number)s · %(month)s · %(company)s") % {
        "number": document.number,
        "month": month_name(document),
        "company": document.tenant,
    }
