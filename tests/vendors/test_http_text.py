"""Calls whose answer may be text: taken where that was asked for, a failure where it was not."""

import pytest

from portal.vendors.errors import VendorProtocolError, VendorRefused
from tests.vendors.raw import Caller, raw_vendor, replying
from tests.vendors.raw import reply as raw_reply

XML = "<document>\u00e9</document>"


def answered(body: bytes, status: int = 200, **parts):
    with raw_vendor(replying(raw_reply(status, body))) as vendor:
        return Caller(vendor.url).get("/script", **parts)


def test_text_is_a_failure_unless_it_was_asked_for():
    with pytest.raises(VendorProtocolError, match="not JSON"):
        answered(XML.encode())
    assert answered(XML.encode(), text_too=True) == XML


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_text_in_the_encodings_that_xml_comes_in(encoding):
    assert answered(XML.encode(encoding), text_too=True) == XML


def test_json_stays_json():
    assert answered(b'{"a": 1}', text_too=True) == {"a": 1}
    assert answered(b"  ", text_too=True) is None


def test_a_refusal_in_text_is_a_refusal():
    with pytest.raises(VendorRefused) as caught:
        answered(b"<html>no</html>", 404, text_too=True)
    assert caught.value.vendor_message == ""


def test_the_vendor_is_told_that_text_will_do():
    with raw_vendor(replying(raw_reply(200, b"<a/>"))) as vendor:
        Caller(vendor.url).get("/script", text_too=True)
    assert b"Accept: application/json, application/xml" in vendor.requests[0]
