"""A long list over HTTP: bounded on its own, kept out of memory and of the log, and whole or not at all."""

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest

from portal.vendors.errors import VendorProtocolError, VendorRefused, VendorUnavailable
from portal.vendors.record import LONGEST_TEXT
from portal.vendors.spool import KEPT_IN_MEMORY
from tests.vendors.raw import NEW_TOKEN, QUICK, TOKEN, Caller, hang_up, raw_vendor, reply, replying

SMALL = replace(QUICK, max_answer_bytes=1_000, max_list_bytes=100_000)
MANY = [{"id": number, "name": f"User {number}"} for number in range(1_000)]


def listed(caller: Caller) -> list:
    with caller.get_list("/accounts", "accounts") as items:
        return list(items)


def test_a_list_may_be_larger_than_other_answers():
    with raw_vendor(replying(reply(200, MANY))) as vendor:
        caller = Caller(vendor.url, limits=SMALL)
        with pytest.raises(VendorProtocolError, match="larger than 1000 bytes"):
            caller.get("/accounts")
        assert listed(caller) == MANY


def test_a_list_that_is_too_large_even_so_is_cut_off():
    with raw_vendor(replying(reply(200, [*MANY] * 10))) as vendor:
        caller = Caller(vendor.url, limits=SMALL)
        with pytest.raises(VendorProtocolError, match="larger than 100000 bytes"):
            listed(caller)
        assert "larger than" in caller.log[0].error


def test_a_list_that_breaks_off_gives_nothing():
    whole = reply(200, MANY)

    def script(connection, request):
        connection.sendall(whole[:-1_000])
        hang_up(connection)

    with raw_vendor(script) as vendor:
        caller = Caller(vendor.url, limits=SMALL)
        with pytest.raises(VendorProtocolError, match="cannot be read"):
            listed(caller)
        assert caller.log[0].error


@pytest.mark.parametrize("send_by", [None, 1e12], ids=["a reading", "a claimed operation"])
def test_a_list_has_its_own_time_but_not_within_a_claim(send_by):
    def script(connection, request):
        connection.sendall(reply(200, MANY)[:-1])

    long, short = {"total_timeout": 9}, {"list_timeout": 0.3}
    if send_by is not None:
        long, short = {"list_timeout": 9}, {"total_timeout": 0.3}
    with raw_vendor(script) as vendor, pytest.raises(VendorUnavailable, match=r"took longer than 0\.3 s"):
        listed(Caller(vendor.url, limits=replace(SMALL, **long, **short), send_by=send_by))


def test_a_refusal_is_told_in_the_vendors_words():
    with raw_vendor(replying(reply(403, {"message": "Not yours"}))) as vendor, pytest.raises(VendorRefused) as caught:
        listed(Caller(vendor.url, limits=SMALL))
    assert caught.value.vendor_message == "Not yours"


def test_after_a_rejected_token_the_list_comes_whole_and_alone():
    with raw_vendor(replying(reply(401, [{"message": "old"}]), reply(200, MANY))) as vendor:
        caller = Caller(vendor.url, limits=SMALL)
        assert listed(caller) == MANY
    assert [token.encode() in each for token, each in zip([TOKEN, NEW_TOKEN], vendor.requests, strict=True)] == [
        True
    ] * 2
    assert [record.status for record in caller.log] == [401, 200]


def test_the_log_keeps_the_beginning_without_its_passwords():
    accounts = [{**each, "password": f"hush-{each['id']:08}", "hint": f"it is hush-{each['id']:08}"} for each in MANY]
    with raw_vendor(replying(reply(200, accounts))) as vendor:
        caller = Caller(vendor.url, limits=replace(SMALL, max_list_bytes=1_000_000))
        assert listed(caller) == accounts
    assert "User 1" in caller.log[0].response
    assert "hush" not in caller.log[0].response
    assert len(caller.log[0].response) <= LONGEST_TEXT


def test_neither_memory_nor_files_are_left_behind():
    body = reply(200, b"[" + b",".join([json.dumps(MANY[-1]).encode()] * 150_000) + b"]")

    def open_descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    with raw_vendor(replying(body)) as vendor:
        caller = Caller(vendor.url, limits=replace(SMALL, max_list_bytes=100_000_000))
        before = open_descriptors()
        tracemalloc.start()
        with caller.get_list("/accounts", "accounts") as items:
            assert open_descriptors() > before
            assert sum(1 for _item in items) == 150_000
        most_bytes_held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert len(body) > 4 * KEPT_IN_MEMORY
        assert most_bytes_held < 3_500_000
        too_much = Caller(vendor.url, limits=replace(SMALL, max_list_bytes=2_000_000))
        for _time in range(3):
            with pytest.raises(VendorProtocolError):
                listed(too_much)
        assert open_descriptors() <= before + 4, "the raw vendor's own ends"
