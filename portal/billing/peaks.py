"""Peaks of a level that changes over time: what a month is charged by. Pure arithmetic, no clock and no database.

A level starts at `opening` and moves by changes. Changes are applied in the order of their times, those of one instant in
the order in which they are given; each level in between counts, however short. Moments are aware and kept in UTC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Generic, TypeVar

Cause = TypeVar("Cause")


@dataclass(frozen=True)
class Period:
    """From `start` until just before `end`, with days as on the calendar of `zone`.

    Raises ValueError when it is empty or its ends are naive.
    """

    start: datetime
    end: datetime
    zone: tzinfo = field(default=UTC, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", _in_utc(self.start))
        object.__setattr__(self, "end", _in_utc(self.end))
        if self.start >= self.end:
            raise ValueError("a period needs a start before its end")

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment.astimezone(UTC) < self.end


@dataclass(frozen=True)
class Change(Generic[Cause]):
    """The level moved by `quantity` at `at`: the vendor's time where it is known, else ours. `cause` is the caller's."""

    at: datetime
    quantity: int
    cause: Cause | None = None

    def __post_init__(self) -> None:
        # In UTC, since two times of one zone are compared by their wall clocks, which repeat an hour each autumn.
        object.__setattr__(self, "at", _in_utc(self.at))


@dataclass(frozen=True)
class Step(Generic[Cause]):
    """The level from `at` on; `change` led to it, None for the level that a period opened with."""

    at: datetime
    level: int
    change: Change[Cause] | None = None


@dataclass(frozen=True)
class Peak(Generic[Cause]):
    """The highest level of a period, when it was first reached, and the change that lifted it there.

    `change` is None when the period opened with its peak: then `at` is the period's start.
    """

    value: int
    at: datetime
    change: Change[Cause] | None = None

    @property
    def carried(self) -> bool:
        """Was the level brought along from the period before?"""
        return self.change is None


@dataclass(frozen=True)
class PeakRange(Generic[Cause]):
    """A peak while the outcome of some changes is not known: by the known ones, and the most and the least that it can be.

    `raised_by` are the uncertain increases that make `at_most`, none where it is no more than `proven`. `lowered_by` are the
    uncertain reductions that make `at_least`: had they come about before the known peak, it would have been lower.
    """

    proven: Peak[Cause]
    at_most: int
    at_least: int
    raised_by: tuple[Change[Cause], ...] = ()
    lowered_by: tuple[Change[Cause], ...] = ()

    @property
    def certain(self) -> bool:
        return self.at_most == self.proven.value


@dataclass(frozen=True)
class Held:
    """How the highest level of a period was held: when it was reached, how long it lasted in all, on how many days.

    One that was left at the instant at which it was reached counts as well, on its day.
    """

    moments: list[datetime]
    lasted: timedelta
    days: int


def steps(changes: Iterable[Change[Cause]], period: Period, *, opening: int = 0) -> list[Step[Cause]]:
    """The levels of a period in order, the one it opened with first.

    `opening` is the level before the first of `changes`. Changes before the period are carried into the level it
    opens with, those at its end or later are left out.
    """
    level, inside = opening, []
    for change in in_order(changes):
        if change.at < period.start:
            level += change.quantity
        elif change.at < period.end:
            inside.append(change)
    found = [Step[Cause](period.start, level)]
    for change in inside:
        level += change.quantity
        found.append(Step(change.at, level, change))
    return found


def peak(changes: Iterable[Change[Cause]], period: Period, *, opening: int = 0) -> Peak[Cause]:
    """The highest level of a period, the one it opened with included; the first, where it was reached more than once."""
    return peak_of(steps(changes, period, opening=opening))


def peak_of(levels: Sequence[Step[Cause]]) -> Peak[Cause]:
    """The highest of `levels`, the first of them where there are several. Raises ValueError where there are none."""
    highest = max(levels, key=lambda step: step.level)
    return Peak(highest.level, highest.at, highest.change)


def peaks(changes: Iterable[Change[Cause]], periods: Sequence[Period], *, opening: int = 0) -> list[Peak[Cause]]:
    """The peak of each of `periods`, in one pass; a period without changes has the level carried into it.

    Raises ValueError when the periods overlap or are not in order.
    """
    ordered, level, position, found = in_order(changes), opening, 0, []
    _check_order(periods)
    for period in periods:
        until = position
        while until < len(ordered) and ordered[until].at < period.end:
            until += 1
        levels = steps(ordered[position:until], period, opening=level)
        found.append(peak_of(levels))
        level, position = levels[-1].level, until
    return found


def peak_range(
    changes: Iterable[Change[Cause]], uncertain: Iterable[Change[Cause]], period: Period, *, opening: int = 0
) -> PeakRange[Cause]:
    """The peak by `changes`, and its bounds with `uncertain` ones, each of which may happen at its time or later, or never.

    Bounds are the highest and lowest that any outcome can come to. Uncertain changes count before known ones of their instant.
    """
    known, uncertain = list(changes), list(uncertain)
    proven = peak(known, period, opening=opening)
    ups = in_order(change for change in uncertain if change.quantity > 0)
    downs = in_order(change for change in uncertain if change.quantity < 0)
    most, least = (peak([*some, *known], period, opening=opening) for some in (ups, downs))
    return PeakRange(
        proven,
        most.value,
        least.value,
        raised_by=tuple(change for change in ups if change.at <= most.at) if most.value > proven.value else (),
        lowered_by=tuple(change for change in downs if change.at <= proven.at) if least.value < proven.value else (),
    )


def held(levels: Sequence[Step[Cause]], until: datetime, zone: tzinfo) -> Held:
    """Of `steps`, the last of which holds `until`: the period's end, or now. Days are those of the calendar of `zone`."""
    value, until = peak_of(levels).value, _in_utc(until)
    ends = [*(step.at for step in levels[1:]), max(until, levels[-1].at)]
    stretches = [(step.at, end) for step, end in zip(levels, ends, strict=True) if step.level == value]
    befores = [None, *(step.level for step in levels)]
    return Held(
        moments=[step.at for before, step in zip(befores, levels, strict=False) if before != value == step.level],
        lasted=sum((end - start for start, end in stretches), timedelta()),
        days=len({day for start, end in stretches for day in _days(start, end, zone)}),
    )


def _days(start: datetime, end: datetime, zone: tzinfo) -> range:
    """The days, as ordinals, from `start` until just before `end`; the one of `start` in any case."""
    last = max(start, end - timedelta(microseconds=1))
    return range(_day(start, zone).toordinal(), _day(last, zone).toordinal() + 1)


def _day(moment: datetime, zone: tzinfo) -> date:
    return moment.astimezone(zone).date()


def in_order(changes: Iterable[Change[Cause]]) -> list[Change[Cause]]:
    """As they are applied: by time, those of one instant as they were given."""
    return sorted(changes, key=lambda change: change.at)


def _check_order(periods: Sequence[Period]) -> None:
    for earlier, later in pairwise(periods):
        if later.start < earlier.end:
            raise ValueError("periods must be in order and must not overlap")


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC)
