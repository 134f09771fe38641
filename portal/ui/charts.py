"""Step lines as SVG, drawn on the server: no script, themed by CSS, readable as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from django.template.loader import render_to_string
from django.utils import formats
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.ui.formats import moment, number

Point = tuple[datetime, int]

# More corners than this cannot be told apart at the widths we draw.
MOST_POINTS = 600
MOST_TABLE_ROWS = 200
NARROW = 328  # px that remain for a chart on the narrowest screen
CHARACTER = 6.6  # mean width in px of a character of the labels (12 px)


@dataclass(frozen=True)
class Frame:
    """Where time and level lie in the picture, in px. `top_level` is the level at the upper edge."""

    start: datetime
    end: datetime
    top_level: int
    width: int = 720
    height: int = 240
    left: int = 44
    right: int = 16
    top: int = 28
    bottom: int = 26

    @property
    def right_edge(self) -> int:
        return self.width - self.right

    @property
    def floor(self) -> int:
        return self.height - self.bottom

    def x(self, at: datetime) -> float:
        # By timestamps: the difference of two times in one zone ignores that its clocks may change between them.
        begin, end = self.start.timestamp(), self.end.timestamp()
        share = (at.timestamp() - begin) / (end - begin)
        return round(self.left + min(1.0, max(0.0, share)) * (self.right_edge - self.left), 1)

    def y(self, level: float) -> float:
        return round(self.floor - level / self.top_level * (self.floor - self.top), 1)


@dataclass(frozen=True)
class Labels:
    """The words of a chart. `series` and `second` name the lines, `peak` the marked moment."""

    title: str
    series: str = ""
    second: str = ""
    peak: str = ""
    unit: str = ""


@dataclass(frozen=True)
class PeakMark:
    x: float
    y: float
    text_x: float
    text_y: float
    text: str


@dataclass(frozen=True)
class Tick:
    at: float
    label: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Drawing:
    """What the template prints at one width."""

    frame: Frame
    levels: list[Tick]
    times: list[Tick]
    line: str
    area: str
    second: str
    peak: PeakMark | None


@dataclass(frozen=True)
class Story:
    """What is drawn, whatever the width."""

    points: list[Point]
    second: list[Point]
    peak: Point | None
    labels: Labels
    zone: tzinfo
    until: datetime


def step_chart(
    points: Sequence[Point],
    *,
    start: datetime,
    end: datetime,
    zone: tzinfo,
    title: str = "",
    labels: Labels | None = None,
    peak: Point | None = None,
    second: Sequence[Point] = (),
    until: datetime | None = None,
    width: int = 720,
    height: int = 240,
) -> SafeString:
    """A level over time that holds until it changes, from `start` to `end`, times written in `zone`.

    `points` are changes in any order, levels of 0 or more; what lies before `start` gives the level it opens with.
    The line ends at `until` (now, in a running month), else at `end`. `peak` marks a moment, by default the first
    highest level between `start` and `end`. `second` is a dashed line on the same scale.
    Raises ValueError for an empty interval or a negative level.
    """
    words = labels or Labels(title)
    if start >= end:
        raise ValueError("a chart needs a start before its end")
    shown, dashed = within(points, start, until or end), within(second, start, until or end)
    story = Story(shown, dashed, peak or highest(shown), words, zone, until or end)
    rows = table_rows(shown, dashed)
    context = {
        "labels": words,
        "description": _description(story),
        "wide": draw(story, start, end, width, height),
        "narrow": draw(story, start, end, NARROW, height),
        "rows": [(moment(at, zone), *levels) for at, *levels in rows[-MOST_TABLE_ROWS:]],
        "hidden_rows": max(0, len(rows) - MOST_TABLE_ROWS),
    }
    return render_to_string("ui/step_chart.html", context)


def draw(story: Story, start: datetime, end: datetime, width: int, height: int) -> Drawing:
    """The chart at one width: what must not shrink with the screen is its text."""
    peak = story.peak
    top = max([level for _at, level in [*story.points, *story.second]] + [peak[1] if peak else 0])
    frame = Frame(start, end, top_level(top), width, height, left=max(32, round(len(number(top)) * CHARACTER) + 16))
    stop = frame.x(story.until)
    line = path(frame, thin(story.points), stop)
    return Drawing(
        frame,
        levels=[Tick(frame.y(level), number(level)) for level in level_ticks(frame.top_level)],
        times=time_ticks(frame, story.zone),
        line=line,
        area=f"{line}V{frame.floor}H{frame.x(story.points[0][0])}Z" if story.points else "",
        second=path(frame, thin(story.second), stop),
        peak=peak_mark(frame, peak, story.zone, story.labels) if peak and peak[1] > 0 else None,
    )


def within(points: Sequence[Point], start: datetime, end: datetime) -> list[Point]:
    """The changes from `start` to `end` in order, begun by the level that `start` opened with if that is known.

    Of several changes at one time the last one given holds; those before it are kept, since one may be the peak.
    """
    if any(level < 0 for _at, level in points):
        raise ValueError("a level below zero cannot be drawn")
    ordered = sorted(((at.astimezone(UTC), level) for at, level in points), key=lambda point: point[0])
    before = [level for at, level in ordered if at < start]
    inside = [point for point in ordered if start <= point[0] <= end]
    return [(start, before[-1]), *inside] if before else inside


def table_rows(points: Sequence[Point], second: Sequence[Point]) -> list[tuple[datetime, int | None, int | None]]:
    """What both lines say from each moment on at which one of them changes; None before a line begins."""
    moves = [*((at, 0, level) for at, level in points), *((at, 1, level) for at, level in second)]
    rows: list[tuple[datetime, int | None, int | None]] = []
    first, other = None, None
    for at, line, level in sorted(moves, key=lambda move: move[:2]):
        first, other = (level, other) if line == 0 else (first, level)
        if line and rows and rows[-1][0] == at:
            rows.pop()
        rows.append((at, first, other))
    return rows


def highest(points: Sequence[Point]) -> Point | None:
    """The first of the highest points."""
    return max(points, key=lambda point: point[1], default=None)


def thin(points: Sequence[Point], most: int = MOST_POINTS) -> list[Point]:
    """At most about `most` points that look the same: of each bucket its first, lowest, highest and last, in order."""
    if len(points) <= most:
        return list(points)
    size = -(-len(points) // (most // 4))
    kept: list[Point] = []
    for begin in range(0, len(points), size):
        bucket = range(begin, min(begin + size, len(points)))
        low, high = min(bucket, key=lambda i: points[i][1]), max(bucket, key=lambda i: points[i][1])
        kept += [points[i] for i in sorted({bucket[0], low, high, bucket[-1]})]
    return kept


def path(frame: Frame, points: Sequence[Point], stop: float) -> str:
    """A step line: along to the time of each change, then up or down; at the end along to `stop`."""
    if not points:
        return ""
    (first_at, first_level), *rest = points
    steps = [f"M{frame.x(first_at)} {frame.y(first_level)}"]
    steps += [f"H{frame.x(at)}V{frame.y(level)}" for at, level in rest]
    return "".join([*steps, f"H{stop}"])


def top_level(highest_level: int) -> int:
    """The first round grid level at or above `highest_level`, with at most five grid lines above zero."""
    step = level_step(highest_level)
    return max(step, -(-highest_level // step) * step)


def level_step(level: int) -> int:
    """1, 2 or 5 times a power of ten, so that at most five of them cover `level`."""
    power = 1
    while True:
        for factor in (1, 2, 5):
            if factor * power * 5 >= level:
                return factor * power
        power *= 10


def level_ticks(top: int) -> list[int]:
    return list(range(0, top + 1, level_step(top)))


def time_ticks(frame: Frame, zone: tzinfo) -> list[Tick]:
    """Labels at midnights of `zone` (or full hours of a short interval), as many as fit side by side."""
    length = frame.end - frame.start
    hourly = length <= timedelta(days=2)
    room = max(1, (frame.right_edge - frame.left) // 76)
    units = length / timedelta(hours=1) if hourly else length / timedelta(days=1)
    every = next((n for n in (1, 2, 3, 4, 6, 7, 12, 14, 28, 56, 91, 182) if units / n <= room), 365)
    ticks = []
    for at in _boundaries(frame.start.astimezone(zone), frame.end, every, hourly):
        x = frame.x(at)
        if x <= frame.right_edge - 12:
            ticks.append(Tick(x, formats.date_format(at, "H:i" if hourly else "j M"), "middle" if x > 40 else "start"))
    return ticks


def _boundaries(start: datetime, end: datetime, every: int, hourly: bool) -> list[datetime]:
    """Wall-clock times: a day in which the clocks change is still one day."""
    at = start.replace(minute=0, second=0, microsecond=0)
    at = at if hourly else at.replace(hour=0)
    step = timedelta(hours=every) if hourly else timedelta(days=every)
    found = []
    while at < end:
        if at >= start:
            found.append(at)
        at += step
    return found


def peak_mark(frame: Frame, peak: Point, zone: tzinfo, labels: Labels) -> PeakMark:
    """The dot of the peak and its words above the line, on the side where they fit."""
    at, level = peak
    x, y = frame.x(at), frame.y(level)
    text = f"{labels.peak or _('Peak')} {number(level)} · {formats.date_format(at.astimezone(zone), 'j M, H:i')}"
    length = len(text) * CHARACTER
    text_x = round(max(4.0, min(max(x - length / 2, frame.left), frame.right_edge - length)), 1)
    return PeakMark(x, y, text_x, max(14.0, y - 10), text)


def _description(story: Story) -> str:
    if not story.points or not story.peak:
        return _("No values in this time.")
    at, level = story.peak
    return _("From %(first)s to %(last)s; highest %(peak)s on %(at)s.") % {
        "first": number(story.points[0][1]),
        "last": number(story.points[-1][1]),
        "peak": number(level),
        "at": formats.date_format(at.astimezone(story.zone), "j M Y, H:i"),
    }
