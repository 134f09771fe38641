"""What each extension is doing (BLF), from the legs that are going on: one query, however many extensions there are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from realtime.calls.models import LIVE, Leg, LegState

# Longer nobody need wonder whether a call whose end was lost still goes on.
WONDER = timedelta(hours=12)
# A call lasts no longer; older rows are not looked at.
LONGEST = timedelta(days=7)

FREE, RINGING, TALKING, ON_HOLD, UNSURE = "free", "ringing", "talking", "on_hold", "unsure"
STATES = {
    FREE: pgettext_lazy("telephone", "Free"),
    RINGING: _("Ringing"),
    TALKING: _("Talking"),
    ON_HOLD: _("On hold"),
    UNSURE: _("Unsure"),
}
_STATE_OF = {
    LegState.CREATED: RINGING,
    LegState.RINGING: RINGING,
    LegState.TALKING: TALKING,
    LegState.ON_HOLD: ON_HOLD,
    LegState.UNSURE: UNSURE,
}
# Who talks and has another call ringing is talking.
_WEIGHT = {TALKING: 4, ON_HOLD: 3, RINGING: 2, UNSURE: 1, FREE: 0}


@dataclass(frozen=True)
class ExtensionState:
    """`state` is of `STATES`; `since`, `call_pk` and `other_party` (a name or a number) are of the call, if there is one.

    Of one that is unsure `since` is when something was heard of it last.
    """

    state: str
    call_pk: int | None = None
    since: datetime | None = None
    other_party: str = ""

    @property
    def label(self) -> object:
        return STATES[self.state]


NOTHING = ExtensionState(FREE)


class States(dict[int, ExtensionState]):
    """By the key of the extension; who is in no call is free."""

    def __missing__(self, extension_pk: int) -> ExtensionState:
        return NOTHING


def states_of(connection_id: int | None = None) -> States:
    """Of all extensions in the tenant's scope, or of one connection's."""
    found = States()
    for leg in _open_legs(connection_id):
        for extension_id, other in _sides(leg):
            state = ExtensionState(_STATE_OF[LegState(leg.state)], leg.call_id, _since(leg), other)
            if _stronger(state, found[extension_id]):
                found[extension_id] = state
    return found


def _open_legs(connection_id: int | None) -> QuerySet[Any]:
    """Each with `heard_last_at`."""
    rows = Leg.objects.exclude(state=LegState.ENDED).filter(began_at__gt=Now() - LONGEST)
    rows = rows.filter(Q(state__in=LIVE) | Q(state=LegState.UNSURE, began_at__gt=Now() - WONDER))
    rows = rows.filter(connection_id=connection_id) if connection_id else rows
    rows = rows.select_related("from_extension", "to_extension").annotate(heard_last_at=F("call__last_event_at"))
    return rows.order_by("began_at", "pk")


def _sides(leg: Any) -> list[tuple[int, str]]:
    """Each extension of the leg, with who is at the other end."""
    from_, to = leg.from_extension, leg.to_extension
    caller = str(from_) if from_ else leg.from_number or leg.from_caller_id
    callee = str(to) if to else leg.to_number
    return [*([(from_.pk, callee)] if from_ else []), *([(to.pk, caller)] if to else [])]


def _since(leg: Any) -> datetime:
    if leg.state == LegState.UNSURE:
        return leg.heard_last_at
    if leg.state == LegState.ON_HOLD and leg.held_at:
        return leg.held_at
    answered_at = None if leg.state == LegState.RINGING else leg.answered_at
    return answered_at or leg.ringing_at or leg.began_at


def _stronger(state: ExtensionState, known: ExtensionState) -> bool:
    """Of two alike the later one."""
    return _WEIGHT[state.state] >= _WEIGHT[known.state]
