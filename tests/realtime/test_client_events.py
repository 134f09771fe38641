"""Events in every spelling of the document ("Receiving events from subscriptions", "Available events")."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.vendors.errors import VendorProtocolError
from realtime.client import parse_event
from realtime.events_wire import EVENT_TYPES, ToldEnds, ToldLeg, ToldParty

CALLER = ToldParty(extension_id="abcdef123456abcdef123456abcdef12", caller_id="anonymous")
OUTSIDE = ToldParty(number="31101111111")
SIDES = """
  "from": { "extension_id": "abcdef123456abcdef123456abcdef12", "caller_id": "anonymous" },
  "to": { "number": "31101111111" },"""


def event(event_type: str, *more: str, call_id: str = '"call_id": "4a2bcad2-c4b9e70a",') -> bytes:
    told = [f'"id": "a1b2c3d2", "event_type": "{event_type}", {call_id}', SIDES, '"direction": "outbound",', *more]
    return ("{" + "\n".join(told) + '\n"time": "2016-08-30T14:02:06.635Z"}').encode()


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("ringing", "ringing"),
        ("answered", "answered"),
        ("holding", "holding"),
        ("resume", "resume"),
        ("resumed", "resume"),
        ("start_recording", "start_recording"),
        ("start-recording", "start_recording"),
        ("stop_recording", "stop_recording"),
        ("stop-recording", "stop_recording"),
        ("RINGING", "ringing"),
    ],
)
def test_an_event_of_one_leg(told, meant):
    """Ringing, Answered, Holding, Resumed, Start Recording, Stop Recording"""
    read = parse_event(event(told))
    assert (read.event_id, read.event_type, read.known) == ("a1b2c3d2", meant, True)
    assert read.at == datetime(2016, 8, 30, 14, 2, 6, 635000, UTC)
    assert read.legs == (ToldLeg("4a2bcad2-c4b9e70a", CALLER, None, OUTSIDE, "outbound"),)


def test_created_does_not_always_name_its_call():
    """Created: the example has no call_id"""
    (leg,) = parse_event(event("created", call_id="")).legs
    assert (leg.call_id, leg.from_, leg.to) == ("", CALLER, OUTSIDE)


def test_terminated_with_its_reason_and_without_a_comma():
    """Terminated: the example lacks the comma after its reason"""
    read = parse_event(event("terminated", '"reason": "hangup"'))
    assert (read.event_type, read.reason) == ("terminated", "hangup")


BRIDGED = b"""{
  "id": "a1b2c3d3", "event_type": "bridged",
  "calls": [
    { "call_id": "4a2bcad2-c4b9e70a", "from": { "number": "31101111111" },
      "to": { "extension_id": "abcdef123456abcdef123456abcdef12", "number": "31101222222" }, "direction": "inbound" },
    { "call_id": "fd8265472-8c34a51b", "from": { "number": "31101111111" },
      "to": { "extension_id": "def456789abcdef456789abcdef45678", "number": "030" }, "direction": "outbound" }
  ]
  "time": "2016-08-30T14:02:16.635Z"
}"""


def test_bridged_has_its_legs_inside_and_lacks_a_comma():
    """Bridged"""
    read = parse_event(BRIDGED)
    assert [(leg.call_id, leg.direction) for leg in read.legs] == [
        ("4a2bcad2-c4b9e70a", "inbound"),
        ("fd8265472-8c34a51b", "outbound"),
    ]
    assert read.legs[1].to == ToldParty("030", "def456789abcdef456789abcdef45678")
    assert read.at is not None


def test_the_documents_answered_and_bridged_share_an_id_and_differ():
    """Answered, Bridged: both examples are a1b2c3d3"""
    answered = parse_event(BRIDGED.replace(b'"bridged"', b'"answered"'))
    bridged = parse_event(BRIDGED)
    assert answered.event_id == bridged.event_id
    assert answered.key != bridged.key


def test_transferred_says_what_was_before_and_after():
    """Transferred"""
    sides = {"from": {"number": "010"}, "to": {"number": "31101111111"}}
    told = {
        "id": "a1b2c3d9",
        "event_type": "transferred",
        "call_id": "4a2bcad2-c4b9e70a",
        "before": sides,
        "after": {**sides, "from": {"number": "030"}},
        "initiator": {"number": "020"},
        "transfer_type": "blind",
        "time": "2016-08-30T14:20:36.635Z",
    }
    read = parse_event(json.dumps(told).encode())
    assert read.legs == (ToldLeg("4a2bcad2-c4b9e70a"),)
    assert read.before == ToldEnds(ToldParty("010"), OUTSIDE)
    assert read.after == ToldEnds(ToldParty("030"), OUTSIDE)
    assert (read.initiator, read.transfer_type) == (ToldParty("020"), "blind")
    del told["transfer_type"]
    assert parse_event(json.dumps(told).encode()).transfer_type == ""


@pytest.mark.parametrize("number", ["0031101111111", "+31101111111", "31101111111", 31101111111, "001"])
def test_a_number_is_kept_as_it_was_told(number):
    """Event Structure: with +, with 00, with neither; in the directory's examples as a JSON number"""
    told = {"event_type": "ringing", "call_id": "x", "via": {"number": number}}
    (leg,) = parse_event(json.dumps(told).encode()).legs
    assert leg.via == ToldParty(number=str(number))


def test_what_is_unknown_is_kept():
    """Available events: more may come"""
    read = parse_event(b'{"id": 7, "event_type": "Voice-Mail", "call_id": "x", "colour": "red"}')
    assert (read.event_id, read.event_type, read.known, read.at) == ("7", "voice_mail", False, None)
    assert read.raw["colour"] == "red"


def test_an_event_without_an_id_is_known_by_what_it_says():
    ringing = b'{"event_type": "ringing", "call_id": "x"}'
    assert parse_event(ringing).key == parse_event(ringing + b" ").key
    assert parse_event(ringing).key != parse_event(ringing.replace(b'"x"', b'"y"')).key
    assert parse_event(b'{"id": "' + b"9" * 400 + b'", "event_type": "ringing"}').key


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"[]", b"7", b"null", b"{", b"<html>", b"{}", b'{"event_type": 7.5}', b'{"event_type": ""}']
)
def test_what_is_no_event(body):
    with pytest.raises(VendorProtocolError):
        parse_event(body)


@given(st.binary(max_size=80) | st.text(st.sampled_from("{}[]\",:'ab1 \n"), max_size=60).map(str.encode))
def test_whatever_comes_is_an_event_or_said_to_be_none(body):
    with suppress(VendorProtocolError):
        assert len(parse_event(body).key) <= 80


WORDS = st.sampled_from(["", "x", "+31612345678", "\0", "\ud800", "2026-11-21T08:30:00Z", "a" * 600])
LEAVES = st.none() | st.booleans() | st.integers() | WORDS | st.floats(allow_nan=True)
NAMES = st.sampled_from(["from", "to", "number", "extension_id", "call_id"])
SHALLOW = LEAVES | st.dictionaries(NAMES, LEAVES, max_size=2)
TREES = SHALLOW | st.lists(SHALLOW, max_size=2) | st.dictionaries(NAMES, SHALLOW, max_size=2)


@given(
    st.dictionaries(
        st.sampled_from(
            ["id", "call_id", "time", "from", "via", "to", "calls", "before", "after", "reason", "initiator"]
        ),
        TREES,
    ),
    st.sampled_from(EVENT_TYPES),
)
def test_whatever_the_fields_are_an_event_is_read(fields, event_type):
    read = parse_event(json.dumps({**fields, "event_type": event_type}).encode())
    assert read.event_type == event_type
    assert all(isinstance(leg, ToldLeg) for leg in read.legs)
