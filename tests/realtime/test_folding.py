"""A leg is what its events say, in whatever order and however often they came; a call what its legs say."""

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtime.calls.folding import Told, fold, fold_call
from realtime.calls.parties import Party, canonical
from realtime.events.facts import facts_of
from realtime.events_wire import parse_event
from tests.realtime.generated import HISTORIES
from tests.realtime.telling import ANNA, BOB, NOW, SALES, event


def of_leg(*events: dict, leg: str = "leg-1") -> list[Told]:
    facts = [
        fact
        for place, told in enumerate(events)
        for fact in facts_of(parse_event(json.dumps(told).encode()), f"key-{place}", NOW + timedelta(hours=1))
    ]
    return [fact.told for fact in facts if fact.call_id == leg]


def at(seconds: float):
    return NOW + timedelta(seconds=seconds)


LIFE = [
    event("created", "leg-1", 0),
    event("ringing", "leg-1", 1),
    event("answered", "leg-1", 6),
    event("start-recording", "leg-1", 7),
    event("holding", "leg-1", 10),
    event("resumed", "leg-1", 20),
    event("stop_recording", "leg-1", 30),
    event("terminated", "leg-1", 40, reason="hangup"),
]


@pytest.mark.parametrize(
    ("told", "state"),
    list(enumerate(["created", "ringing", "talking", "talking", "on_hold", "talking", "talking", "ended"])),
)
def test_a_leg_goes_through_its_life(told, state):
    assert fold(of_leg(*LIFE[: told + 1])).state == state


def test_a_leg_that_ended_has_all_its_times():
    leg = fold(of_leg(*LIFE))
    assert (leg.began_at, leg.ringing_at, leg.answered_at, leg.ended_at) == (at(0), at(1), at(6), at(40))
    assert (leg.reason, leg.recorded, leg.recording_at, leg.held_at) == ("hangup", True, None, None)
    assert (leg.from_, leg.to, leg.direction) == (Party(f"+{ANNA}"), Party("345", SALES), "inbound")


def test_who_ended_is_not_brought_back_by_what_comes_late():
    assert fold(of_leg(event("terminated", "leg-1", 5), event("answered", "leg-1", 6))).state == "ended"


@pytest.mark.parametrize("told", ["bridged", "holding", "resume"])
def test_a_lost_answer_is_known_from_what_only_happens_after_it(told):
    calls = {"calls": [{"call_id": "leg-1"}]} if told == "bridged" else {}
    assert fold(of_leg(event("ringing", "leg-1"), event(told, "leg-1", 5, **calls))).answered_at == at(5)


@pytest.mark.parametrize("ends", ["resume", "bridged", "transferred"])
def test_a_hold_ends_when_somebody_is_there_again(ends):
    held = of_leg(event("answered", "leg-1"), event("holding", "leg-1", 5), event("holding", "leg-1", 6))
    assert (fold(held).state, fold(held).held_at) == ("on_hold", at(5))
    assert fold([*held, Told("later", ends, at(9))]).state == "talking"


def test_after_a_transfer_the_sides_are_those_after_it():
    told = event("transferred", "leg-1", 9, before={"from": {"number": ANNA}, "to": {"extension_id": SALES}})
    told |= {
        "after": {"from": {"number": ANNA}, "to": {"extension_id": BOB, "number": "030"}},
        "transfer_type": "blind",
    }
    del told["from"], told["to"]
    leg = fold(of_leg(told, *LIFE[:3]))
    assert (leg.to, leg.from_, leg.transferred, leg.state) == (Party("030", BOB), Party(f"+{ANNA}"), "blind", "talking")


@pytest.mark.parametrize("seconds", [0, 2])
def test_whom_it_was_transferred_to_rings_until_they_answer(seconds):
    moved = of_leg(*LIFE[:3], event("transferred", "leg-1", 9), event("ringing", "leg-1", 9 + seconds))
    leg = fold(moved)
    assert (leg.state, leg.ringing_at, leg.answered_at) == ("ringing", at(9 + seconds), at(6))
    talking = fold(of_leg(event("answered", "leg-2", 6), leg="leg-2"))
    assert fold_call({"leg-1": leg, "leg-2": talking}).state == "ringing"
    assert fold([*moved, Told("later", "answered", at(15))]).state == "talking"


def test_a_ringing_that_is_told_late_makes_no_transferred_call_ring():
    assert fold(of_leg(*LIFE[:3], event("transferred", "leg-1", 9), event("ringing", "leg-1", 2))).state == "talking"


def test_how_it_was_transferred_may_be_left_out():
    assert fold(of_leg(event("transferred", "leg-1"))).transferred == "untold"


def test_an_unknown_type_changes_nothing_and_alone_it_tells_nothing():
    parked = event("parked", "leg-1", 3, direction="outbound")
    assert fold(of_leg(parked)).state == "unsure"
    with_it, without = fold(of_leg(*LIFE[:3], parked)), fold(of_leg(*LIFE[:3]))
    assert (with_it.state, with_it.direction, with_it.began_at) == (without.state, without.direction, without.began_at)


def test_sides_grow_with_what_is_told_of_them():
    one = Party(extension_id=BOB).then(Party("030", caller_id="anonymous")).then(Party("030", BOB))
    assert one == Party("030", BOB, "anonymous")
    assert one.then(Party("031")) == Party("031")


@pytest.mark.parametrize(
    ("told", "read"),
    [
        ("+31101111111", "+31101111111"),
        ("31101111111", "+31101111111"),
        ("0031101111111", "+31101111111"),
        ("001", "001"),
        ("030", "030"),
        ("1000", "1000"),
        ("0101234567", "0101234567"),
        (" +31 10 111 11 11 ", "+31101111111"),
        ("anonymous", "anonymous"),
        ("", ""),
    ],
)
def test_numbers_have_one_spelling(told, read):
    assert canonical(told) == read


def test_a_call_that_came_in_by_a_dialplan_reached_who_answered():
    first = fold(of_leg(*LIFE[:3]))
    second = fold(of_leg(event("answered", "leg-2", 8, to={"extension_id": BOB}), leg="leg-2"))
    call = fold_call({"leg-1": first, "leg-2": second})
    assert (call.from_, call.to, call.direction, call.began_at) == (Party(f"+{ANNA}"), Party("", BOB), "inbound", at(0))


@pytest.mark.parametrize("names", [("leg-1", "leg-2"), ("leg-2", "leg-1")])
def test_of_legs_that_began_together_the_one_that_came_in_tells_which_way_it_went(names):
    came, rang = names
    outer = fold(of_leg(event("ringing", came, 0.4), leg=came))
    inner = fold(of_leg(event("ringing", rang, 0, to={"extension_id": BOB}, direction="outbound"), leg=rang))
    call = fold_call({came: outer, rang: inner})
    assert (call.from_, call.to, call.direction) == (Party(f"+{ANNA}"), Party("345", SALES), "inbound")


def test_a_call_between_two_telephones_of_the_company_is_internal():
    inside = {"from": {"extension_id": SALES, "number": "345"}, "to": {"extension_id": BOB}}
    outer = fold(of_leg(event("answered", "leg-1", 0, **inside)))
    inner = fold(of_leg(event("answered", "leg-2", 0, **inside, direction="outbound"), leg="leg-2"))
    assert fold_call({"leg-1": outer, "leg-2": inner}).direction == "internal"


@pytest.mark.parametrize("via", [{}, {"via": {"extension_id": SALES, "number": "345"}}])
@pytest.mark.parametrize("inner", ["leg-0", "leg-2"])
def test_of_legs_that_begin_at_once_the_one_that_came_in_is_the_first(via, inner):
    first = fold(of_leg(*LIFE[:3]))
    second = fold(of_leg(event("created", inner, 0, to={"extension_id": BOB}, direction="outbound", **via), leg=inner))
    call = fold_call({"leg-1": first, inner: second})
    assert (call.direction, call.to) == ("inbound", Party("345", SALES))


def test_a_call_goes_on_until_its_last_leg_ended():
    ended, talking = fold(of_leg(*LIFE)), fold(of_leg(event("answered", "leg-2", 8), leg="leg-2"))
    assert fold_call({"leg-1": ended, "leg-2": talking}).state == "talking"
    both = fold_call(
        {"leg-1": ended, "leg-2": fold(of_leg(event("terminated", "leg-2", 41, reason="gone"), leg="leg-2"))}
    )
    assert (both.state, both.ended_at, both.reason) == ("ended", at(41), "gone")


@given(history=HISTORIES, data=st.data())
@settings(max_examples=300, deadline=None)
def test_any_order_and_repetition_comes_to_the_same(history, data):
    told = of_leg(*history, leg="leg-1") or of_leg(*LIFE)
    again = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=5))))
    assert fold(again) == fold(told)
