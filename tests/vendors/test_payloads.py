"""Taking typed values out of a vendor's JSON: what is within an object, and what may be missing."""

import pytest

from portal.vendors.errors import VendorProtocolError
from portal.vendors.payloads import Fields

PAYLOAD = {"id": "A-1", "sip": {"username": "ann", "realm": "acme"}, "name": " Ann "}


def test_an_object_within_is_read_by_its_own_name():
    fields = Fields("account", PAYLOAD)
    sip = fields.part("sip")
    assert (fields.text("id"), sip.text("username")) == ("A-1", "ann")
    assert fields.rest() == {"sip": {"realm": "acme"}, "name": " Ann "}


def test_what_is_missing_within_names_the_place_and_shows_the_whole():
    with pytest.raises(VendorProtocolError, match="account's sip has no usable number") as caught:
        Fields("account", PAYLOAD).part("sip").text("number")
    assert caught.value.raw == PAYLOAD


@pytest.mark.parametrize("nothing", [None, {}, [], ""])
def test_an_object_that_is_not_there_is_empty(nothing):
    fields = Fields("account", {"sip": nothing}, {"username": "known"})
    assert fields.part("sip").text("username") == "known"
    assert fields.rest() == {}


def test_what_is_no_object_is_kept():
    fields = Fields("account", {"sip": "ann"})
    assert fields.part("sip").optional("username") == ""
    assert fields.rest() == {"sip": "ann"}


@pytest.mark.parametrize(
    ("value", "text"), [("Ann", "Ann"), (" Ann ", "Ann"), (7, "7"), ("", ""), (None, ""), ("  ", "")]
)
def test_text_that_may_be_missing(value, text):
    fields = Fields("account", {"name": value})
    assert fields.optional("name") == text
    assert fields.rest() == {}


@pytest.mark.parametrize("value", [{"first": "Ann"}, True, "a\nb", "x" * 501, 1.5])
def test_text_that_cannot_be_understood_is_kept_and_stops_nothing(value):
    fields = Fields("account", {"name": value})
    assert fields.optional("name") == ""
    assert fields.rest() == {"name": value}


def test_a_text_may_be_allowed_to_be_longer():
    fields = Fields("script", {"url": "x" * 600})
    assert len(fields.text("url", longest=600)) == 600
