"""Accounts whose true levels are known, and what a ledger would be told of them: late, out of order, by two clocks.

The truth is summed up change by change, and uses nothing of what is tested.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

MICROSECOND = timedelta(microseconds=1)
# Where the months from October 2027 to July 2028 begin in Amsterdam and the last one ends: a leap year, both clock changes.
EDGES = [
    datetime.fromisoformat(f"{text}+00:00")
    for text in (
        "2027-09-30T22:00", "2027-10-31T23:00", "2027-11-30T23:00", "2027-12-31T23:00", "2028-01-31T23:00", "2028-02-29T23:00",
        "2028-03-31T22:00", "2028-04-30T22:00", "2028-05-31T22:00", "2028-06-30T22:00", "2028-07-31T22:00",
    )
]  # fmt: skip
CLOCK_CHANGES = [datetime(2027, 10, 31, 1, tzinfo=UTC), datetime(2028, 3, 26, 1, tzinfo=UTC)]


@dataclass(frozen=True)
class Moved:
    """A change that really happened. `told` is when the portal heard of it: equal to `at` where the vendor told no time."""

    at: datetime
    quantity: int
    told: datetime

    @property
    def timed_by_vendor(self) -> bool:
        return self.told != self.at


@dataclass(frozen=True)
class Doubt:
    """An order asked for at `at` whose outcome the portal does not know; if it came about, then at `happened`."""

    at: datetime
    quantity: int
    happened: datetime | None


@dataclass
class Account:
    """`moves` in the order in which they happened, over an `opening` level that the portal read at `opened`."""

    opening: int
    opened: datetime
    moves: list[Moved] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)

    def heard(self) -> list[Moved]:
        """In the order in which they reach the ledger; what happened in one instant stays in its order."""
        return sorted(self.moves, key=lambda moved: moved.told)

    def truth(self, month: int, *, with_doubts: bool = False) -> tuple[int, int, int, datetime | None]:
        """(opening, closing, peak, when it was first reached) of a month; None: it opened with its peak."""
        happened = [(moved.at, moved.quantity) for moved in self.moves]
        if with_doubts:
            happened += [(doubt.happened, doubt.quantity) for doubt in self.doubts if doubt.happened]
        start, end = EDGES[month], EDGES[month + 1]
        opening = self.opening + sum(by for at, by in happened if at < start)
        level = peak = opening
        reached = None
        for at, by in sorted((move for move in happened if start <= move[0] < end), key=lambda move: move[0]):
            level += by
            if level > peak:
                peak, reached = level, at
        return opening, level, peak, reached


def some_account(random: Random) -> Account:
    account = Account(opening=random.randint(20, 200), opened=EDGES[0] - timedelta(days=random.randint(0, 40)))
    moves: list[tuple[datetime, int]] = []
    for start, end in pairwise(EDGES):
        # Nothing happens in a month in five.
        if random.random() < 0.8:
            moves += _happenings(random, start, end)
        if random.random() < 0.2:
            account.doubts += [_doubt(random, start, end) for _ in range(random.randint(1, 3))]
    told = {at: _told(random, at) for at, _ in moves}
    account.moves = [Moved(at, by, told[at]) for at, by in sorted(moves, key=lambda move: move[0])]
    return account


def _told(random: Random, at: datetime) -> datetime:
    """At once where the vendor tells no time; otherwise from a second to three weeks later."""
    return at + random.choice(
        (timedelta(), timedelta(seconds=1), timedelta(hours=3), timedelta(days=21))
    ) * random.choice((1, 1, 2))


def _happenings(random: Random, start: datetime, end: datetime) -> list[tuple[datetime, int]]:
    """Changes of a month: some steps, and some of what is easily counted wrong."""

    def any_time() -> datetime:
        return start + timedelta(microseconds=random.randrange((end - start) // MICROSECOND))

    steps = [(any_time(), random.choice((1, 2, 5, -1, -3))) for _ in range(random.randint(0, 4))]
    up, spike, shift = random.randint(1, 12), any_time(), random.choice(CLOCK_CHANGES)
    short = random.choice((timedelta(), MICROSECOND, timedelta(milliseconds=40), timedelta(seconds=3)))
    utc_edge = start.replace(hour=0) + timedelta(days=1)
    traps = [
        [(spike, up), (min(spike + short, end), -up)],
        [(start, up), (start, -up)],
        [(start, -up), (start, up + 1)],
        [(end - MICROSECOND, up), (end, -up)],
        [(utc_edge - MICROSECOND, up), (utc_edge, -up)],
        [(shift - timedelta(minutes=30), up), (shift + timedelta(minutes=30), -up)],
    ]
    return steps + [move for moves in random.sample(traps, random.randint(0, 3)) for move in moves]


def _doubt(random: Random, start: datetime, end: datetime) -> Doubt:
    at = start + (end - start) * random.random()
    came_about = random.random() < 0.5
    return Doubt(at, random.randint(-9, 9), at + timedelta(hours=random.randint(0, 400)) if came_about else None)
