"""The months of one product, or of all together, as rows of a table and bars of a chart."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.billing.history import CLOSED, EXPECTED, Course, Figure, History
from portal.billing.pages import month_name
from portal.ui.bars import Bar, bar_chart
from portal.ui.formats import money, number

A_YEAR = 12
Amount = Decimal | int


@dataclass(frozen=True)
class Difference:
    """How much more (or less, below zero) than in another month, in words. `percent` is "" where that was nothing."""

    text: str
    percent: str = ""


@dataclass(frozen=True)
class Row:
    """One month. The differences are of the cost where all products are shown, of the peak else; None: nothing to compare."""

    name: str
    figure: Figure
    to_month_before: Difference | None
    to_year_before: Difference | None

    @property
    def closed(self) -> bool:
        return self.figure.source == CLOSED


@dataclass(frozen=True)
class Shown:
    """`counts`: the peaks of one product are shown, not the costs of all."""

    history: History
    course: Course
    counts: bool

    @property
    def address(self) -> str:
        """ "" for all together."""
        return _address(self.course) if self.counts else ""

    @property
    def trend(self) -> str:
        """By how much one product's peak is carried on, with its sign."""
        change = self.course.trend or 0
        return f"{'−' if change < 0 else '+'}{number(abs(change))}" if change else number(0)

    @property
    def rows(self) -> list[Row]:
        """The newest first."""
        return [self._row(place) for place in range(len(self.course.past))][::-1]

    @property
    def expected(self) -> list[tuple[str, Figure]]:
        return [(month_name(first), each) for first, each in zip(self.history.coming, self.course.ahead, strict=True)]

    @property
    def chart(self) -> SafeString:
        pairs = [*zip(self.history.months, self.course.past, strict=True)]
        pairs += zip(self.history.coming, self.course.ahead, strict=True)
        return bar_chart(
            [self._bar(first, figure) for first, figure in pairs],
            title=_("Peak of each month") if self.counts else _("Cost of each month"),
            write=number if self.counts else _whole_euros,
            width=960,
            height=260,
            legend=[
                ("closed", _("complete months")),
                ("open", _("this month, so far")),
                ("most", _("this month, at most")),
                ("expected", _("expected")),
            ],
        )

    def _row(self, place: int) -> Row:
        past = self.course.past
        return Row(
            month_name(self.history.months[place]),
            past[place],
            self._difference(past[place], past[place - 1] if place >= 1 else None),
            self._difference(past[place], past[place - A_YEAR] if place >= A_YEAR else None),
        )

    def _difference(self, figure: Figure, other: Figure | None) -> Difference | None:
        now, then = self._amount(figure), self._amount(other) if other else None
        if now is None or then is None:
            return None
        return difference(now, then, number if self.counts else money)

    def _amount(self, figure: Figure) -> Amount | None:
        return figure.value if self.counts else figure.cost

    def _bar(self, first: date, figure: Figure) -> Bar:
        looks = {"running": "open", EXPECTED: "expected"}
        most = figure.at_most if self.counts else figure.cost_at_most
        short = date_format(first, "M") if first.month != 1 else f"{first:%Y}"
        value = self._amount(figure)
        # A month that was corrected by more than it cost has nothing to be drawn.
        drawn = None if value is None else max(value, type(value)(0))
        return Bar(month_name(first), short, drawn, most, looks.get(figure.source, "closed"))


def difference(now: Amount, then: Amount, write: Callable[[Any], str]) -> Difference:
    change = now - then
    if not change:
        return Difference(_("the same"))
    percent = (abs(Decimal(change)) * 100 / abs(Decimal(then))).quantize(Decimal(1), ROUND_HALF_UP) if then else None
    sign = "+" if change > 0 else "−"
    return Difference(
        f"{sign}{write(abs(change))}", f"{sign}{number(int(percent))}\u00a0%" if percent is not None else ""
    )


def choices_of(history: History) -> list[tuple[str, str]]:
    """What the address calls each product, and its name."""
    return [(_address(course), course.label) for course in history.courses]


def chosen_of(history: History, asked: str) -> Shown | None:
    """The product that the address names, else all together; one product is shown by itself. None without any."""
    if not history.courses:
        return None
    course = next((each for each in history.courses if _address(each) == asked), None)
    if course is None and len(history.courses) == 1:
        course = history.courses[0]
    return Shown(history, course, True) if course else Shown(history, history.total, False)


def _address(course: Course) -> str:
    key, object_id = course.meter
    return f"{key}:{object_id}"


def _whole_euros(amount: Amount) -> str:
    """An axis needs no cents."""
    return money(amount).removesuffix("00").rstrip(".,") if amount == int(amount) else money(amount)
