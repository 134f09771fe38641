"""Peaks of a level that changes over time: what a month is charged by. Pure arithmetic, no clock and no database.

A level starts at `opening` and moves by changes. Changes are applied in the order of their times, those of one instant in
the order in which they are given; each level in between counts, however short. Moments are aware and kept in UTC.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Generic, TypeVar

Cause = TypeVar("Cause")


@dataclass(frozen=True)
class Period:
    """From `start` until just before `end`. Raises ValueError when it is empty or its ends are naive."""

    start: datetime
    end: datetime

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
    """A peak while the outcome of some changes is not known: what is proven, and the most that it can be."""

    proven: Peak[Cause]
    at_most: int

    @property
    def certain(self) -> bool:
        return self.at_most == self.proven.value


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
    return _highest(steps(changes, period, opening=opening))


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
        found.append(_highest(levels))
        level, position = levels[-1].level, until
    return found


def peak_range(
    changes: Iterable[Change[Cause]], uncertain: Iterable[Change[Cause]], period: Period, *, opening: int = 0
) -> PeakRange[Cause]:
    """The peak proven by `changes`, and at most with `uncertain` ones, each of which may happen from its time on, or never.

    Uncertain reductions raise nothing, so they leave the bound as it is.
    """
    known = list(changes)
    increases = [change for change in uncertain if change.quantity > 0]
    return PeakRange(peak(known, period, opening=opening), peak([*known, *increases], period, opening=opening).value)


def in_order(changes: Iterable[Change[Cause]]) -> list[Change[Cause]]:
    """As they are applied: by time, those of one instant as they were given."""
    return sorted(changes, key=lambda change: change.at)


def _highest(levels: list[Step[Cause]]) -> Peak[Cause]:
    highest = max(levels, key=lambda step: step.level)
    return Peak(highest.level, highest.at, highest.change)


def _check_order(periods: Sequence[Period]) -> None:
    for earlier, later in pairwise(periods):
        if later.start < earlier.end:
            raise ValueError("periods must be in order and must not overlap")


def _in_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC)
