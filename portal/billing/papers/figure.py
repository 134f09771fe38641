"""Where the lines of a peak's chart lie on paper, in points from its upper left corner."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from portal.billing.document import Document, Line
from portal.billing.months import month
from portal.billing.papers.wording import clock_time
from portal.billing.peaks import Period
from portal.ui.charts import Frame, Point, level_ticks, thin, time_ticks, top_level, within
from portal.ui.formats import number

WIDTH, HEIGHT = 482, 118
# The mean width of a digit of the labels.
DIGIT = 4.2


def has_figure(line: Line) -> bool:
    """Only what moved within the month makes a picture."""
    return line.kind == "peak" and any(level.total != line.reading.opening for level in line.reading.levels)


def figure(document: Document, line: Line) -> dict[str, Any]:
    """Corners of the lines, ticks and the peak's mark, with the words that stand at them."""
    zone = ZoneInfo(document.zone)
    period = month(document.month.year, document.month.month, zone)
    until = min(document.drawn_at, period.end) if document.draft else period.end
    total, in_use = _points(line, period, until)
    # As the statement says: it is the charged value that is marked.
    peak = (line.reading.reached_at or period.start, line.reading.value)
    frame = _frame(period, max(level for _at, level in [*total, *in_use, peak]))
    return {
        "width": frame.width,
        "height": frame.height,
        "left": frame.left,
        "right": frame.right_edge,
        "floor": frame.floor,
        "levels": [{"y": frame.y(level), "label": number(level)} for level in level_ticks(frame.top_level)],
        "times": [{"x": tick.at, "label": tick.label} for tick in time_ticks(frame, zone)],
        "total": _corners(frame, total, until),
        "in_use": _corners(frame, in_use, until),
        "until": frame.x(until) if until < period.end else None,
        "peak": {"x": frame.x(peak[0]), "y": frame.y(peak[1]), "label": _peak_label(peak, zone)},
        "legend": {"total": _("Total"), "in_use": _("In use"), "until": _("Known until here")},
        "described": _described(line, peak, zone),
    }


def _points(line: Line, period: Period, until: datetime) -> tuple[list[Point], list[Point]]:
    levels = line.reading.levels
    total = within([(level.at, level.total) for level in levels], period.start, until)
    if not total or total[0][0] > period.start:
        total = [(period.start, line.reading.opening), *total]
    in_use = within([(level.at, level.in_use) for level in levels if level.in_use is not None], period.start, until)
    return total, in_use


def _frame(period: Period, most: int) -> Frame:
    top = top_level(most)
    left = max(24, round(len(number(top)) * DIGIT) + 10)
    return Frame(period.start, period.end, top, WIDTH, HEIGHT, left=left, right=6, top=17, bottom=17)


def _corners(frame: Frame, points: Sequence[Point], until: datetime) -> list[tuple[float, float]]:
    """Of a step line: along to each change, then up or down; at the end along to `until`."""
    found: list[tuple[float, float]] = []
    for at, level in thin(points):
        x, y = frame.x(at), frame.y(level)
        found += [(x, found[-1][1]), (x, y)] if found else [(x, y)]
    return [*found, (frame.x(until), found[-1][1])] if found else []


def _peak_label(peak: Point, zone: tzinfo) -> str:
    return _("Peak %(value)s · %(at)s") % {"value": number(peak[1]), "at": clock_time(peak[0], zone)}


def _described(line: Line, peak: Point, zone: tzinfo) -> str:
    return _("%(label)s: from %(first)s at the beginning to %(last)s at the end; peak %(peak)s on %(at)s.") % {
        "label": line.label,
        "first": number(line.reading.opening),
        "last": number(line.reading.closing),
        "peak": number(peak[1]),
        "at": clock_time(peak[0], zone),
    }
