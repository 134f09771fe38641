"""Which leg a "created" without a call ID belongs to: the only one that can be meant, or none.

The document shows "created" without one ("Available events"). Pure, and decided by all that is known of both sides, so that it
comes to the same in whatever order they came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# A leg's first own event comes this soon after its "created"; and by how much the clocks of the vendor's machines may differ.
WITHIN, EARLIER = timedelta(seconds=5), timedelta(seconds=1)
# Further away than this, nothing that is told changes to whom a "created" belongs; two of one leg lie no further apart.
REACH = WITHIN + EARLIER


@dataclass(frozen=True)
class Begin:
    """A loose "created", or a leg that was told none: `ends` is between whom, `at` when it began to be told of."""

    pk: int
    ends: str
    at: datetime


def pair(begins: Sequence[Begin], legs: Sequence[Begin]) -> dict[int, int]:
    """{loose "created": leg} of those that have nobody but each other."""
    of_begin = {begin.pk: [leg.pk for leg in legs if _may_be(begin, leg)] for begin in begins}
    of_leg = {leg.pk: [begin.pk for begin in begins if _may_be(begin, leg)] for leg in legs}
    return {
        begin: fitting[0] for begin, fitting in of_begin.items() if len(fitting) == 1 and of_leg[fitting[0]] == [begin]
    }


def _may_be(begin: Begin, leg: Begin) -> bool:
    return begin.ends == leg.ends and -EARLIER <= leg.at - begin.at <= WITHIN
