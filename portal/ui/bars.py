"""Bars as SVG, drawn on the server in the frame of the step charts: one beside the other, such as months."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from math import ceil

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.ui.charts import CHARACTER, NARROW, Frame, Tick, level_ticks, top_level
from portal.ui.formats import number

# A bar may be this wide; of a few bars each would be a wall.
WIDEST_BAR = 36
# A frame has times as well; bars stand by their number.
NO_TIMES = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=1))


@dataclass(frozen=True)
class Bar:
    """One month, say. `value` None: nothing is known. `at_most` above it while it is not certain.

    `look` is "closed", "open" or "expected". `name` is the whole one, `label` what stands below the bar.
    """

    name: str
    label: str
    value: Decimal | int | None
    at_most: Decimal | int | None = None
    look: str = "closed"

    @property
    def top(self) -> Decimal | int:
        return max(self.value or 0, self.at_most or 0)


@dataclass(frozen=True)
class DrawnBar:
    x: float
    width: float
    y: float
    height: float
    most_y: float
    most_height: float
    look: str
    says: str


@dataclass(frozen=True)
class BarDrawing:
    """What the template prints at one width."""

    frame: Frame
    levels: list[Tick]
    labels: list[Tick]
    bars: list[DrawnBar]


def bar_chart(
    bars: Sequence[Bar],
    *,
    title: str,
    write: Callable[[Decimal | int], str] = number,
    legend: Sequence[tuple[str, str]] = (),
    width: int = 720,
    height: int = 240,
) -> SafeString:
    """Values of 0 or more beside one another; `write` says a value in words, `legend` what the looks mean.

    The page shows the same values as a table: an SVG is one picture to a screen reader. Raises ValueError for a negative one.
    """
    if any(bar.top < 0 or (bar.value or 0) < 0 for bar in bars):
        raise ValueError("a value below zero cannot be drawn")
    context = {
        "title": title,
        "description": _bars_described(bars, write),
        "wide": draw_bars(bars, write, width, height),
        "narrow": draw_bars(bars, write, NARROW, height),
        "legend": legend,
    }
    return render_to_string("ui/bar_chart.html", context)


def draw_bars(bars: Sequence[Bar], write: Callable[[Decimal | int], str], width: int, height: int) -> BarDrawing:
    top = top_level(ceil(max((bar.top for bar in bars), default=0)))
    words = max(len(write(level)) for level in level_ticks(top))
    frame = Frame(*NO_TIMES, top, width, height, left=max(32, round(words * CHARACTER) + 16), top=12)
    room = (frame.right_edge - frame.left) / max(1, len(bars))
    drawn = [_bar(frame, bar, frame.left + place * room, room, write) for place, bar in enumerate(bars)]
    return BarDrawing(
        frame,
        levels=[Tick(frame.y(level), write(level)) for level in level_ticks(top)],
        labels=_bar_labels(bars, drawn, room),
        bars=drawn,
    )


def _bar(frame: Frame, bar: Bar, left: float, room: float, write: Callable[[Decimal | int], str]) -> DrawnBar:
    width = min(WIDEST_BAR, room * 0.72)
    y, most_y = (frame.y(float(level)) for level in (bar.value or 0, bar.top))
    return DrawnBar(
        x=round(left + (room - width) / 2, 1),
        width=round(width, 1),
        y=y,
        height=round(frame.floor - y, 1),
        most_y=most_y,
        most_height=round(y - most_y, 1),
        look=bar.look,
        says=_("%(name)s: %(value)s") % {"name": bar.name, "value": _said(bar, write)},
    )


def _said(bar: Bar, write: Callable[[Decimal | int], str]) -> str:
    if bar.value is None:
        return _("not known")
    if bar.top > bar.value:
        return _("%(value)s, at most %(most)s") % {"value": write(bar.value), "most": write(bar.top)}
    return write(bar.value)


def _bar_labels(bars: Sequence[Bar], drawn: Sequence[DrawnBar], room: float) -> list[Tick]:
    """As many as fit side by side, the last bar's among them."""
    longest = max((len(bar.label) for bar in bars), default=0) * CHARACTER + 10
    every = max(1, ceil(longest / room))
    pairs = list(zip(bars, drawn, strict=True))
    return [Tick(round(place.x + place.width / 2, 1), bar.label) for bar, place in pairs[::-every]][::-1]


def _bars_described(bars: Sequence[Bar], write: Callable[[Decimal | int], str]) -> str:
    known = [bar for bar in bars if bar.value is not None and bar.look != "expected"]
    if not known:
        return _("No values in this time.")
    highest_bar = max(known, key=lambda bar: bar.value or 0)
    return _("From %(first)s to %(last)s; highest in %(highest)s: %(value)s.") % {
        "first": known[0].name,
        "last": known[-1].name,
        "highest": highest_bar.name,
        "value": write(highest_bar.value or 0),
    }
