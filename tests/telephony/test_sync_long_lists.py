"""A customer with very many SIP accounts: the list is followed outside memory, whole or not at all."""

import json
import tracemalloc
from contextlib import contextmanager

import pytest

from portal.vendors.models import Call, Connection
from telephony import sync
from telephony.models import MirrorState, SipAccount
from tests.telephony.telephone import Telephone
from tests.vendors.raw import hang_up, raw_vendor, reply

ANN = {"id": "A-1", "name": "Ann", "sip": {"username": "ann", "password": "ann's password"}}
BEN = {"id": "A-2", "name": "Ben", "sip": {"username": "ben", "password": "ben's password"}}


def numbered(number: int, **told) -> dict:
    return {"id": f"N-{number}", "sip": {"username": f"user{number}", "password": f"password of {number}"}, **told}


@contextmanager
def listing(telephone: Telephone, answer: bytes, *, whole: bool = True):
    """The vendor's API answers so when it is asked for SIP accounts, and has no external script."""

    def script(connection, request: bytes) -> None:
        if b"/externalscripts" in request:
            connection.sendall(reply(200, []))
            return
        connection.sendall(answer)
        if not whole:
            hang_up(connection)

    with raw_vendor(script) as vendor:
        with telephone.scope():
            Connection.objects.filter(pk=telephone.connection.pk).update(base_url=vendor.url)
        yield


def forget_readings(telephone: Telephone) -> None:
    """What comes next is taken over."""
    with telephone.scope():
        MirrorState.objects.filter(connection=telephone.connection).update(read_at=None)


@pytest.fixture
def full(telephone) -> Telephone:
    """Anna and Ben are known, and the first reading is over."""
    forget_readings(telephone)
    with listing(telephone, reply(200, [ANN, BEN])):
        telephone.sync()
    assert telephone.usernames() == ["ann", "ben"]
    return telephone


def test_a_list_larger_than_any_other_answer_may_be_is_followed(full, settings):
    settings.VENDOR_MAX_ANSWER_BYTES = 1_000
    others = [numbered(number) for number in range(30)]
    with listing(full, reply(200, [{**ANN, "name": "Anna"}, BEN, *others])):
        full.sync()
    assert full.mirror().error == ""
    assert full.account("ann").name == "Anna"
    assert len(full.differences()) == 30


def test_a_list_larger_than_a_list_may_be_deletes_nothing_and_says_so(full, settings):
    settings.VENDOR_MAX_LIST_BYTES = 1_000
    with listing(full, reply(200, [numbered(number) for number in range(30)])):
        full.sync()
    assert "larger than 1000 bytes" in full.mirror().error
    nothing_followed(full)


def test_a_list_that_breaks_off_deletes_nothing_and_says_so(full):
    answer = reply(200, [numbered(number) for number in range(2_000)])
    with listing(full, answer[: len(answer) // 2], whole=False):
        full.sync()
    assert "cannot be read" in full.mirror().error
    nothing_followed(full)


@pytest.mark.parametrize("end", ["", ", nonsense]", "]]"], ids=["no end", "no JSON", "one end too many"])
def test_a_list_that_turns_out_to_be_none_undoes_what_was_followed(full, end):
    told = json.dumps([{**ANN, "name": "Anna"}, *(numbered(number) for number in range(2_000))])
    with listing(full, reply(200, (told[:-1] + end).encode())):
        full.sync()
    assert "not JSON" in full.mirror().error
    nothing_followed(full)
    with full.scope():
        assert Call.objects.latest("pk").path.endswith("/externalscripts"), "the calls are on record all the same"


@pytest.mark.parametrize("again", [ANN, {**BEN, "id": "A-1"}, {**ANN, "id": "A-3"}], ids=["all", "id", "username"])
def test_an_account_told_twice_is_told_wrongly(full, again):
    others = [numbered(number) for number in range(2_000)]
    with listing(full, reply(200, [ANN, *others, again])):
        full.sync()
    assert "twice" in full.mirror().error
    nothing_followed(full)


def test_a_list_with_an_account_that_cannot_be_understood_proves_no_absence(full):
    with listing(full, reply(200, [{**ANN, "name": "Anna"}, {"id": "A-9"}, numbered(1)])):
        full.sync()
    assert "1 SIP accounts could not be understood" in full.mirror().error
    assert full.account("ann").name == "Anna"
    assert full.differences() == [("unknown_account", "user1")], "of Ben nothing is said"


def test_accounts_keep_their_own_details_wherever_they_stand_in_the_list(full, monkeypatch):
    """Some unreadable, some the same, some changed, some new: whoever is picked out again is the right one."""
    monkeypatch.setattr(sync, "BATCH", 3)
    adopted = [numbered(number) for number in range(20)]
    forget_readings(full)
    with listing(full, reply(200, [ANN, BEN, *adopted])):
        full.sync()
    changed = [numbered(number, name=f"User {number}") if number % 3 else numbered(number) for number in range(20)]
    with listing(full, reply(200, [{"id": "broken"}, *reversed(changed), numbered(99), BEN, ANN])):
        full.sync()
    with full.scope():
        names = dict(SipAccount.objects.exclude(name="").values_list("username", "name"))
        passwords = {each.username: each.password.reveal() for each in SipAccount.objects.all()}
    assert names == {"ann": "Ann", "ben": "Ben"} | {f"user{n}": f"User {n}" for n in range(20) if n % 3}
    assert passwords["user7"] == "password of 7"
    assert full.differences() == [("unknown_account", "user99")]


def test_ten_times_the_accounts_take_no_more_memory(cast, sandbox, transactional_db, quick_vendor, monkeypatch):
    monkeypatch.setattr(sync, "BATCH", 100)
    held = [bytes_held(Telephone(cast.acme, sandbox), number) for number in (100, 500, 5_000)]
    assert held[2] < held[1] + 300_000, "a list of the parsed accounts alone would be twice that"


def bytes_held(telephone: Telephone, number: int) -> int:
    """The most that Python held while so many accounts were read for the first time."""
    with listing(telephone, reply(200, [numbered(each, name="x" * 150) for each in range(number)])):
        tracemalloc.start()
        telephone.sync()
        held = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    with telephone.scope():
        assert SipAccount.objects.filter(connection=telephone.connection).count() == number
    return held


def nothing_followed(telephone: Telephone) -> None:
    assert telephone.usernames() == ["ann", "ben"]
    assert telephone.account("ann").name == "Ann"
    assert telephone.differences() == []
