"""A list that is too long for memory: the same items as `items_in` gives, one at a time, out of an enciphered file."""

import json
import tracemalloc
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.vendors import spool as spooling
from portal.vendors.errors import VendorProtocolError
from portal.vendors.long_lists import LongList
from portal.vendors.payloads import items_in
from portal.vendors.spool import KEPT_IN_MEMORY, Spool

ANN, BOB = {"id": 1, "sip": {"username": "ann"}}, {"id": 2, "tags": ["a", [], {}]}


def spooled(*pieces: bytes) -> Spool:
    spool = Spool()
    for piece in pieces:
        spool.write(piece)
    return spool


def items(body: bytes | str) -> list:
    with LongList(spooled(body if isinstance(body, bytes) else body.encode()), "accounts") as listed:
        return list(listed)


@pytest.fixture
def small_pieces(monkeypatch):
    """Every value is cut somewhere."""
    monkeypatch.setattr(spooling, "PIECE", 5)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ([ANN, BOB], [ANN, BOB]),
        ([], []),
        (ANN, [ANN]),
        ({}, [{}]),
        ([7, 12.5, None, "x", [ANN]], [7, 12.5, None, "x", [ANN]]),
        ({"accounts": [ANN, BOB]}, [ANN, BOB]),
        ({"accounts": []}, []),
        ({"total": 2, "accounts": [ANN, BOB], "more": {"accounts": [1]}}, [ANN, BOB]),
        ({"accounts": {"id": 1}}, [{"accounts": {"id": 1}}]),
        ({"others": [ANN]}, [{"others": [ANN]}]),
    ],
)
def test_a_list_however_it_is_wrapped(small_pieces, body, expected):
    for text in (json.dumps(body), json.dumps(body, indent=2), f"\r\n\t {json.dumps(body)} \n"):
        assert items(text) == expected
    assert items_in(body, "accounts") == expected


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.sampled_from('aZ é漢😀"\\[]{}:,\ud800'), max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["accounts", "id", "ü"]), inner),
    max_leaves=15,
)


@given(JSON, st.booleans())
def test_it_is_what_reading_the_whole_would_give(body, ascii_only):
    text = json.dumps(body, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")
    whole = json.loads(text, parse_constant=lambda name: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spooling, "PIECE", 5)
        try:
            expected = items_in(whole, "accounts")
        except VendorProtocolError:
            with pytest.raises(VendorProtocolError, match="no list of accounts"):
                items(text)
        else:
            assert items(text) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_in_whatever_it_was_written(small_pieces, encoding):
    assert items('[{"name": "Žofie 😀"}]'.encode(encoding)) == [{"name": "Žofie 😀"}]


def test_what_json_does_not_know_is_none(small_pieces):
    assert items("[NaN, Infinity, -Infinity, 1]") == [None, None, None, 1]


@pytest.mark.parametrize("body", ["", "  ", "7", '"text"', "null", "true"])
def test_a_list_that_is_none(small_pieces, body):
    with pytest.raises(VendorProtocolError, match="no list of accounts"):
        items(body)


@pytest.mark.parametrize(
    "body",
    [
        "[", "[{}", "[{},", "[{},]", "[{} {}]", '[{"id": 1}', '[{"id": ', "[1] 2", "[1]]", "{", '{"accounts"', '{"accounts" 1}',
        '{"accounts": [1], }', '{"accounts": [1]', '{"accounts": [1]} {}', "{1: 2}", "[nul]", "[" * 100_000,
    ],
)  # fmt: skip
def test_what_breaks_off_or_is_no_json_is_said(body):
    with pytest.raises(VendorProtocolError, match="not JSON"):
        items(body)


def test_what_came_before_a_flaw_is_the_beginning():
    assert LongList(spooled(b"[1, 2, 3, oh"), "accounts").beginning(2) == [1, 2]
    assert LongList(spooled(b"[1, 2, 3, oh"), "accounts").beginning(9) == [1, 2, 3]


def test_each_walk_begins_anew_and_two_do_not_disturb_each_other():
    many = [{"id": number, "name": "x" * 100} for number in range(20_000)]
    with LongList(spooled(json.dumps(many).encode()), "accounts") as listed:
        assert list(zip(listed, listed, strict=True)) == list(zip(many, many, strict=True))
        assert list(islice(listed, 2)) == many[:2]


def endless_list(length: int):
    """Two hundred bytes an item."""
    item = json.dumps({"id": 1, "name": "x" * 180}).encode() + b","
    return [b"[", *[item * 1000] * (length // 1000), b"{}]"]


def test_a_list_of_any_length_takes_little_memory():
    listed = LongList(spooled(*endless_list(1000)), "accounts")
    assert sum(1 for _item in listed) == 1001  # what is made once is made now
    tracemalloc.start()
    with LongList(spooled(*endless_list(100_000)), "accounts") as listed:
        assert sum(1 for _item in listed) == 100_001
    most_bytes_held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most_bytes_held < 2_500_000


class Counted(Spool):
    read = 0

    def pieces(self):
        for piece in super().pieces():
            self.read += len(piece)
            yield piece


@pytest.mark.parametrize(
    "body",
    [b'["', b"[1, [", b'{"id": "', b'{"id": 1, "x": [1,', b'{"' + b'a": 1, "'],
    ids=["text", "list", "text in an object", "list in an object", "names of an object"],
)
def test_one_item_may_not_be_as_long_as_a_list(body):
    filling = b'a": 1, "' if body.startswith(b'{"a') else b"1" * 999 + b","
    spool = Counted()
    for piece in [body, *[filling * (100_000 // len(filling))] * 300]:
        spool.write(piece)
    with LongList(spool, "accounts") as listed, pytest.raises(VendorProtocolError):
        for _item in listed:
            pass
    assert spool.read < spool.size / 2, "the rest is not even read"


# --- The spool --------------------------------------------------------------------------------------------------------


def nameless_files() -> dict[str, bytes]:
    """What this process has open and nobody else can open."""
    found = {}
    for each in Path("/proc/self/fd").iterdir():
        try:
            if str(each.readlink()).endswith("(deleted)"):
                found[each.name] = each.read_bytes()
        except OSError:
            continue
    return found


def test_on_disk_it_lies_enciphered_and_goes_with_its_closing():
    before = nameless_files()
    spool = spooled(*[b"hush-hush" * 100] * 3000)
    lies = {name: content for name, content in nameless_files().items() if name not in before}
    assert [len(content) >= KEPT_IN_MEMORY for content in lies.values()] == [True]
    assert all(b"hush" not in content for content in lies.values())
    assert b"".join(spool.pieces()) == b"hush-hush" * 300_000
    spool.close()
    assert nameless_files().keys() == before.keys()


def test_a_small_answer_never_reaches_the_disk():
    before = nameless_files().keys()
    with_password = spooled(b"hush-hush")
    assert nameless_files().keys() == before
    assert b"".join(with_password.pieces()) == b"hush-hush"
