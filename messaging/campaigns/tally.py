"""How far a campaign is: its messages in groups of states that a person tells apart, which together are all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from messaging.models import MessageState as State


@dataclass(frozen=True)
class Group:
    """Some states that look alike on a bar. `tone` is one of `portal.ui.statuses.TONES`."""

    key: str
    label: Any
    tone: str
    states: tuple[State, ...]


# As they stand on the bar, from what is certain to what never left.
GROUPS = (
    Group("delivered", _("Delivered"), "success", (State.DELIVERED,)),
    Group("on_its_way", _("Handed over"), "info", (State.HANDED_OVER, State.ACCEPTED)),
    Group("waiting", _("Waiting"), "neutral", (State.PLANNED, State.WAITING)),
    Group("unknown", _("Unknown"), "warning", (State.UNKNOWN,)),
    Group("failed", _("Failed"), "danger", (State.FAILED, State.REJECTED, State.EXPIRED)),
    Group("not_sent", _("Not sent"), "unsent", (State.REFUSED, State.SKIPPED, State.CANCELLED)),
)


@dataclass(frozen=True)
class Share:
    """One group's part of a bar, in per cent of its width."""

    group: Group
    count: int
    at: float
    width: float


@dataclass(frozen=True)
class Row:
    """One state in the table beside the bar."""

    state: State
    group: Group
    count: int
    percent: float

    @property
    def condition(self) -> str:
        return f"sms_{self.state}"


@dataclass(frozen=True)
class Tally:
    """`counts` by state, as `CampaignQuerySet.with_counts` reads them; no messages where nothing is planned yet."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.counts.get(state, 0) for state in State)

    def of(self, key: str) -> int:
        group = next(group for group in GROUPS if group.key == key)
        return sum(self.counts.get(state, 0) for state in group.states)

    @property
    def waiting(self) -> int:
        return self.of("waiting")

    @property
    def on_its_way(self) -> int:
        return self.of("on_its_way")

    @property
    def delivered(self) -> int:
        return self.of("delivered")

    @property
    def failed(self) -> int:
        return self.of("failed")

    @property
    def unknown(self) -> int:
        return self.of("unknown")

    @property
    def not_sent(self) -> int:
        return self.of("not_sent")

    @property
    def shares(self) -> list[Share]:
        """Of the groups that have any, side by side."""
        found, at, total = [], 0.0, self.total
        for group in GROUPS:
            if count := self.of(group.key):
                width = 100 * count / total
                found.append(Share(group, count, round(at, 3), round(width, 3)))
                at += width
        return found

    @property
    def rows(self) -> list[Row]:
        """By state, in the order of the bar; those that have any."""
        return [
            Row(state, group, count, round(100 * count / self.total, 1))
            for group in GROUPS
            for state in group.states
            if (count := self.counts.get(state, 0))
        ]


def tally_of(campaign: Any) -> Tally:
    """Of a campaign that was read `with_counts`."""
    return Tally(campaign.counts or {})
