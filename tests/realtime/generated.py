"""Calls that could have happened, for hypothesis: transfers, holds, legs joined, and "created" without a call ID."""

from hypothesis import strategies as st

from tests.realtime.telling import ANNA, BOB, SALES, bridged, event

PLAIN = [
    "created",
    "ringing",
    "answered",
    "holding",
    "resumed",
    "start-recording",
    "stop_recording",
    "terminated",
    "parked",
]
SIDES = [
    {"from": {"number": ANNA}, "to": {"extension_id": SALES, "number": "345"}},
    {"from": {"number": f"+{ANNA}"}, "to": {"extension_id": BOB}, "via": {"extension_id": SALES}},
    {
        "from": {"extension_id": BOB, "caller_id": "anonymous"},
        "to": {"number": "0031201234567"},
        "direction": "outbound",
    },
]
_MOMENTS = st.integers(0, 40).map(lambda tenth: tenth / 2)


@st.composite
def plain(draw) -> dict:
    sides = draw(st.sampled_from(SIDES))
    more = {"reason": draw(st.sampled_from(["hangup", "busy", ""]))}
    return event(draw(st.sampled_from(PLAIN)), draw(_LEGS), draw(_MOMENTS), **sides, **more)


@st.composite
def loose(draw) -> dict:
    return event("created", "", draw(_MOMENTS), **draw(st.sampled_from(SIDES)))


@st.composite
def transferred(draw) -> dict:
    before, after = draw(st.sampled_from(SIDES)), draw(st.sampled_from(SIDES))
    told = event(
        "transferred", draw(_LEGS), draw(_MOMENTS), transfer_type=draw(st.sampled_from(["blind", "attended", ""]))
    )
    return {name: value for name, value in told.items() if name not in ("from", "to", "direction")} | {
        "before": {side: before[side] for side in ("from", "to")},
        "after": {side: after[side] for side in ("from", "to")},
    }


@st.composite
def joined(draw) -> dict:
    ids = draw(st.lists(_LEGS, min_size=1, max_size=3, unique=True))
    return bridged(draw(_MOMENTS), *({"call_id": each, **draw(st.sampled_from(SIDES))} for each in ids))


_LEGS = st.sampled_from([f"leg-{place}" for place in range(5)])
HISTORIES = st.lists(st.one_of(plain(), plain(), plain(), loose(), transferred(), joined()), min_size=1, max_size=14)
