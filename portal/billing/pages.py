"""A statement as a page shows it: its lines with their charts, and of a running month what can still be done."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.billing.document import Document, Line
from portal.billing.meters import Unsettled
from portal.billing.months import month, next_month
from portal.billing.outlook import Outlook
from portal.billing.papers.wording import unit_price
from portal.billing.peaks import Period
from portal.ui import formats
from portal.ui.charts import Labels, Point, step_chart

# The dearest ones are drawn; more charts than these nobody looks through, and the page would be heavy.
DRAWN = 8
PEAK, CORRECTION = "peak", "correction"


@dataclass(frozen=True)
class Face:
    """A statement's month in words, and its zone."""

    document: Document

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.document.zone)

    @property
    def period(self) -> Period:
        return month(self.document.month.year, self.document.month.month, self.zone)

    @property
    def name(self) -> str:
        return month_name(self.document.month)

    @property
    def next_name(self) -> str:
        return date_format(next_month(self.period, self.zone).start.astimezone(self.zone), "F")

    @property
    def ends(self) -> str:
        """ "1 December, 00:00": until when something can be done about the month that follows."""
        return date_format(self.period.end.astimezone(self.zone), "j F, H:i")

    @property
    def outlooks(self) -> list[Outlook]:
        return [Outlook(line, self.period.end) for line in self.document.lines if line.kind == PEAK]

    @property
    def corrections(self) -> Decimal:
        """What earlier months are corrected by on this statement."""
        return sum((line.amount for line in self.document.lines if line.kind == CORRECTION), Decimal(0))

    @property
    def unpriced(self) -> list[Line]:
        """What is counted and in none of the amounts, as no price was agreed for it."""
        return [line for line in self.document.lines if line.note_code == "no_price"]

    @property
    def priced(self) -> bool:
        """Do the amounts say anything?"""
        return len(self.unpriced) < len(self.document.lines)

    @property
    def unsettled(self) -> bool:
        return any(each.uncertain for each in self.outlooks)

    @property
    def net_at_most(self) -> Decimal:
        """What the month comes to without VAT when all that is unsettled has been done."""
        more = sum((each.cost_at_most - each.line.amount for each in self.outlooks if each.uncertain), Decimal(0))
        return self.document.net + max(Decimal(0), more)


@dataclass(frozen=True)
class ShownUnsettled:
    told: Unsettled
    url: str

    @property
    def signed(self) -> str:
        quantity = self.told.quantity
        return f"{'−' if quantity < 0 else '+'}{formats.number(abs(quantity))}"


@dataclass(frozen=True)
class ShownPeak:
    """One peak of `face`, with what the template would have to look up."""

    face: Face
    outlook: Outlook
    chart: SafeString
    unsettled: list[ShownUnsettled]

    @property
    def line(self) -> Line:
        return self.outlook.line

    @property
    def reached(self) -> SafeString | str:
        return formats.moment(self.line.reading.reached_at, self.face.zone, seconds=True)

    @property
    def last_reached(self) -> SafeString | str:
        """Where it was reached more than once."""
        return formats.moment(self.line.reading.moments[-1], self.face.zone, seconds=True)

    @property
    def price(self) -> str:
        return unit_price(self.line.unit_price, self.face.document.currency)


def shown_peaks(document: Document, slug: str, now: datetime, asked: str = "") -> list[ShownPeak]:
    """The line that the address asks for by its position; else the DRAWN dearest peaks, in the order of the lines."""
    face = Face(document)
    found = [each for each in face.outlooks if str(each.line.position) == asked]
    if not found:
        found = sorted(face.outlooks, key=lambda each: (-each.line.amount, each.line.position))[:DRAWN]
    return [_shown(face, each, slug, now) for each in sorted(found, key=lambda each: each.line.position)]


def _shown(face: Face, outlook: Outlook, slug: str, now: datetime) -> ShownPeak:
    line = outlook.line
    return ShownPeak(
        face=face,
        outlook=outlook,
        chart=_chart(face, line, min(now, face.period.end)),
        unsettled=[ShownUnsettled(each, _url(each.url_name, slug, each.object_id)) for each in line.reading.unsettled],
    )


def _chart(face: Face, line: Line, until: datetime) -> SafeString:
    reading, period = line.reading, face.period
    # Clocks that disagree can bring a level below nothing for a moment; there is no such stock to draw.
    total = _moves((level.at, max(0, level.total)) for level in reading.levels) or [(period.start, reading.opening)]
    used = _moves((level.at, max(0, level.in_use)) for level in reading.levels if level.in_use is not None)
    title = _("%(product)s in %(month)s") % {"product": line.label, "month": face.name}
    return step_chart(
        total,
        start=period.start,
        end=period.end,
        until=max(until, period.start),
        peak=(reading.reached_at or period.start, reading.value) if reading.value > 0 else None,
        second=used,
        zone=face.zone,
        labels=Labels(title, series=_("In the inventory"), second=_("In use"), peak=_("Peak")),
    )


def _moves(points: Iterable[Point]) -> list[Point]:
    """Those at which one line moves: where it stays, the other one did."""
    found: list[Point] = []
    for at, level in points:
        if not found or found[-1][1] != level:
            found.append((at, level))
    return found


def _url(name: str, slug: str, object_id: int) -> str:
    return reverse(name, args=[slug, object_id]) if name else ""


def month_name(first: date) -> str:
    return date_format(first, "F Y")
