"""What is asked of calls: who may, what is sent, what the vendor says, and what is never sent twice."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from portal.operations.models import Operation, Status
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Membership
from portal.vendors.errors import VendorUnavailable
from portal.vendors.http import Limits, Redactor, VendorHttp
from realtime.board import watching
from realtime.board.actions import Target, act_on_call, confirm, place_call, transfer_call
from realtime.board.rights import NotYours
from realtime.calls.models import Call, CallAction, Leg, LegState
from realtime.grants.lines import ScopeMissing
from tests.fixtures.waiting import somebody_waits_for_a_lock, wait_until
from tests.realtime import telling
from tests.realtime.boards import Office
from tests.realtime.switchboard import SECRET, Switchboard

State = CallAction.State
OUTSIDE = "+31612345678"


class Desk(Office):
    """Acme's office at the sandbox: the people of its directory there, and real calls."""

    def __init__(self, cast: Any, sandbox: Any) -> None:
        self.board = Switchboard(cast.acme, sandbox)
        self.control, self.client_id = sandbox.control, self.board.client_id
        self.control.put_account(self.client_id, SECRET)
        self.control.put_kwebbl(self.client_id)
        super().__init__(cast.acme, cast.alice, connection=self.board.connection)
        people = {"201": cast.alice, "202": cast.bob, "203": cast.vera}
        self.phones = {
            told["number"]: self.extension(
                told["name"],
                told["number"],
                people.get(told["number"]),
                told["extension_id"],
                external_number=_outer(told),
            )
            for told in self.control.kwebbl(self.client_id)["extensions"]
        }

    def allow(self, login: str, scopes: list[str], user: Any = None) -> None:
        told = self.control.kwebbl_grant(self.client_id, login, scopes)
        self.grant(scopes, user, told["access_token"])

    def talk(self, number: str = "202") -> Call:
        """An inbound call that was answered, at the vendor and here."""
        begun = self.control.start_call(self.client_id, OUTSIDE, number)
        told = self.control.step_call(self.client_id, begun["conversation"], "answer")
        self.conversation = begun["conversation"]
        leg = next(leg for leg in told["legs"] if leg["ended_at"] is None)
        return self.call(self.phones[number], OUTSIDE, LegState.TALKING, leg["call_id"])

    def act(self, call: Call, what: str, who: Any) -> CallAction:
        with self.scope():
            return act_on_call(call, what, membership=self.member(who))

    def place(self, to: str, who: Any, from_: str = "") -> CallAction:
        with self.scope():
            target = Target.of(self.connection, to)
            source = Target.of(self.connection, from_) if from_ else None
            return place_call(self.connection, target, source, membership=self.member(who))

    def member(self, who: Any) -> Membership:
        return Membership.objects.select_related("user").get(tenant=self.tenant, user=who)

    def now(self, action: CallAction) -> CallAction:
        with self.scope():
            return CallAction.objects.select_related("operation").get(pk=action.pk)

    def effects(self, kind: str) -> int:
        return len(self.control.ledger(self.client_id, kind=kind))


def _outer(told: dict[str, Any]) -> str:
    return f"+{told['external_number']}" if told["external_number"] else ""


@pytest.fixture
def desk(transactional_db, cast, sandbox, quick_vendor) -> Desk:
    return Desk(cast, sandbox)


@pytest.fixture
def allowed(desk) -> Desk:
    """The company's grant steers and places everybody's calls."""
    desk.allow("alice", ["calls.manage", "calls.create"])
    return desk


# --- What is sent, and what confirms it -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "effect", "event"),
    [
        ("hang_up", "call_hung_up", "terminated"),
        ("hold", "call_held", "holding"),
        ("start_recording", "recording_started", "start_recording"),
    ],
)
def test_what_is_asked_of_a_call_is_taken_once_and_confirmed_by_its_event_alone(allowed, cast, what, effect, event):
    call = allowed.talk()
    action = allowed.act(call, what, cast.bob)
    assert action.state == State.ASKED
    allowed.board.work()
    assert (allowed.now(action).state, allowed.effects(effect)) == (State.TAKEN, 1)
    with allowed.scope():
        confirm([allowed.change(call, "ringing")])
    assert allowed.now(action).state == State.TAKEN
    with allowed.scope():
        confirm([allowed.change(call, event)])
    assert allowed.now(action).state == State.CONFIRMED


def test_an_event_that_is_faster_than_the_answer_is_not_forgotten_by_the_answer(allowed, cast):
    call = allowed.talk()
    action = allowed.act(call, "hold", cast.bob)
    with allowed.scope():
        confirm([allowed.change(call, "holding")])
    allowed.board.work()
    assert allowed.now(action).state == State.CONFIRMED


@pytest.mark.parametrize("attended", [False, True])
def test_a_call_is_transferred_blind_or_attended(allowed, cast, attended):
    call = allowed.talk()
    with allowed.scope():
        to = Target.of(allowed.connection, "203")
        action = transfer_call(call, to, attended=attended, membership=allowed.member(cast.bob))
    allowed.board.work()
    assert allowed.now(action).state == State.TAKEN
    [sent] = allowed.control.ledger(allowed.client_id, kind="call_transferred")
    assert sent["facts"]["transfer_type"] == ("attended" if attended else "blind")
    with allowed.scope():
        confirm([allowed.change(call, "transferred")])
    assert allowed.now(action).state == State.CONFIRMED


def test_a_call_is_placed_from_the_own_telephone_and_found_when_its_events_come(allowed, cast):
    action = allowed.place("0031 20 308 07 00", cast.bob)
    allowed.board.work()
    assert (allowed.now(action).state, allowed.effects("call_placed")) == (State.TAKEN, 1)
    somebody_elses = allowed.call(allowed.phones["203"], OUTSIDE, LegState.RINGING, "other")
    its_own = allowed.call(allowed.phones["202"], "+31203080700", LegState.RINGING, "its-own")
    with allowed.scope():
        confirm([allowed.change(somebody_elses, "created"), allowed.change(its_own, "created")])
    shown = allowed.now(action)
    assert (shown.state, shown.call_id) == (State.CONFIRMED, its_own.pk)


def test_between_two_external_numbers_nothing_is_placed(allowed, cast):
    with pytest.raises(NotPromised, match="between two external numbers"):
        allowed.place("+31201234567", cast.alice, from_="+31207654321")
    with allowed.scope():
        assert not Operation.objects.exists()


def test_a_dialplans_own_outside_number_is_no_outsider(allowed, cast):
    allowed.place("+31201234567", cast.alice, from_="+31102612345")
    allowed.board.work()
    assert allowed.effects("call_placed") == 1


def test_the_vendors_own_events_confirm_what_was_asked_for(allowed, cast):
    """Placed and held, told in the vendor's words, read as they come."""
    now = (timezone.now() - telling.NOW).total_seconds()
    action = allowed.place("+31203080700", cast.bob)
    allowed.board.work()
    ends = {
        "from": {"extension_id": allowed.phones["202"].vendor_id, "number": "202"},
        "to": {"number": "31203080700"},
        "direction": "outbound",
    }
    placed = [telling.event(each, "leg-1", now + place, **ends) for place, each in enumerate(("created", "answered"))]
    telling.told(allowed.connection, *placed)
    shown = allowed.now(action)
    assert shown.state == State.CONFIRMED
    with allowed.scope():
        call = Call.objects.get(pk=shown.call_id)
    hold = allowed.act(call, "hold", cast.bob)
    telling.told(allowed.connection, telling.event("holding", "leg-1", now + 3, **ends))
    assert allowed.now(hold).state == State.CONFIRMED


# --- Who may ----------------------------------------------------------------------------------------------------------


def test_a_viewer_may_not_act_by_the_companys_grant(allowed, cast):
    strange, own = allowed.talk("202"), allowed.talk("203")
    for call in (strange, own):
        with pytest.raises(NotYours):
            allowed.act(call, "hang_up", cast.vera)
    with pytest.raises(NotYours):
        allowed.place("+31201234567", cast.vera)


def test_a_viewer_with_a_grant_of_her_own_acts_on_her_own_calls_alone(desk, cast):
    desk.allow("vera", ["calls.manage.personal", "calls.create.personal"], cast.vera)
    own = desk.talk("203")
    action = desk.act(own, "hold", cast.vera)
    desk.board.work()
    assert desk.now(action).state == State.TAKEN
    with pytest.raises(NotYours):
        desk.act(desk.talk("202"), "hold", cast.vera)
    with pytest.raises(NotYours):
        desk.place("+31201234567", cast.vera, from_="202")
    desk.place("+31201234567", cast.vera)
    desk.board.work()
    assert desk.effects("call_placed") == 1


def test_a_missing_permission_is_told_where_it_is_missed(desk, cast):
    call = desk.talk()
    with pytest.raises(ScopeMissing) as missed:
        desk.act(call, "hang_up", cast.bob)
    assert missed.value.scope == "calls.manage"


# --- What goes wrong --------------------------------------------------------------------------------------------------


def test_the_vendors_refusal_is_told_in_its_own_words(allowed, cast):
    call = allowed.talk()
    allowed.control.step_call(allowed.client_id, allowed.conversation, "hang_up")
    action = allowed.act(call, "hold", cast.bob)
    allowed.board.work()
    refused = allowed.now(action)
    assert refused.state == State.REFUSED
    assert "There is no such call" in refused.operation.message


def test_what_could_not_leave_in_time_never_leaves(allowed, cast):
    call = allowed.talk()
    action = allowed.act(call, "hang_up", cast.bob)
    with allowed.scope():
        CallAction.objects.filter(pk=action.pk).update(send_until=timezone.now() - timedelta(seconds=1))
    allowed.board.work()
    assert (allowed.now(action).state, allowed.effects("call_hung_up")) == (State.TOO_LATE, 0)


def test_what_no_worker_took_up_in_time_is_told_without_one(allowed, cast):
    call = allowed.talk()
    action = allowed.act(call, "hang_up", cast.bob)
    with allowed.scope():
        CallAction.objects.filter(pk=action.pk).update(send_until=timezone.now() - timedelta(seconds=1))
    watching.end_overdue_actions()
    told = allowed.now(action)
    assert (told.state, told.operation.status) == (State.TOO_LATE, Status.CANCELLED)
    allowed.board.work()
    assert allowed.effects("call_hung_up") == 0


def test_what_no_event_confirms_within_a_minute_is_unconfirmed_and_not_sent_again(allowed, cast):
    call = allowed.talk()
    action = allowed.act(call, "hold", cast.bob)
    allowed.board.work()
    watching.end_overdue_actions()
    assert allowed.now(action).state == State.TAKEN
    with allowed.scope():
        CallAction.objects.filter(pk=action.pk).update(asked_at=timezone.now() - timedelta(seconds=61))
    watching.end_overdue_actions()
    allowed.board.work()
    assert (allowed.now(action).state, allowed.effects("call_held")) == (State.UNCONFIRMED, 1)


@pytest.mark.parametrize("kind", ["lost_answer", "no_work_lost"])
def test_a_call_whose_answer_was_lost_is_never_placed_again(allowed, cast, kind):
    allowed.control.add_fault(kind, path="/kwebbl/v100/calls", times=1, seconds=3)
    action = allowed.place("+31201234567", cast.bob)
    allowed.board.work()
    assert allowed.now(action).state == State.UNKNOWN
    allowed.board.let_time_pass()
    allowed.board.work()
    assert allowed.now(action).operation.status == Status.NEEDS_PERSON
    assert allowed.effects("call_placed") == (1 if kind == "lost_answer" else 0)


def test_the_same_thing_is_asked_for_once(allowed, cast):
    call = allowed.talk()
    allowed.act(call, "hold", cast.bob)
    with pytest.raises(NotPromised, match="asked for already"):
        allowed.act(call, "hold", cast.alice)


def test_what_no_longer_fits_the_call_is_not_asked_for(allowed, cast):
    call = allowed.talk()
    allowed.become(call, LegState.ENDED)
    with pytest.raises(NotPromised, match="not as it was"):
        allowed.act(call, "hold", cast.bob)


def test_a_call_that_became_part_of_another_is_steered_by_its_old_name(allowed, cast):
    of_dialplan, call = allowed.call(allowed.phones["203"], vendor_id="dialplan"), allowed.talk()
    join(allowed, call)
    action = allowed.act(call, "hold", cast.bob)
    assert action.call_id == of_dialplan.pk
    allowed.board.work_once()
    assert allowed.effects("call_held") == 1


def test_a_call_that_becomes_part_of_another_while_somebody_asks_is_steered_all_the_same(allowed, cast):
    of_dialplan, call = allowed.call(allowed.phones["203"], vendor_id="dialplan"), allowed.talk()
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            join(allowed, call)
            asked = pool.submit(hold_elsewhere, allowed, call, cast.bob)
            wait_until(lambda: asked.done() or somebody_waits_for_a_lock())
            assert not asked.done()
        assert asked.result(timeout=10).call_id == of_dialplan.pk


def join(desk: Desk, call: Call) -> None:
    """The vendor says that the dialplan's call and this one are one."""
    with desk.scope():
        leg = Leg.objects.get(call=call)
    telling.told(desk.connection, telling.bridged(1, {"call_id": "dialplan"}, {"call_id": leg.vendor_id}))


def hold_elsewhere(desk: Desk, call: Call, who: Any) -> CallAction:
    try:
        return desk.act(call, "hold", who)
    finally:
        connection.close()


def test_hanging_up_does_not_wait_for_what_became_of_a_hold(allowed, cast):
    call = allowed.talk()
    allowed.control.add_fault("lost_answer", path="/kwebbl/v100/calls/", times=1, seconds=3)
    hold = allowed.act(call, "hold", cast.bob)
    allowed.board.work_once()
    assert allowed.now(hold).state == State.UNKNOWN
    allowed.act(call, "hang_up", cast.bob)
    allowed.board.work_once()
    assert allowed.effects("call_hung_up") == 1


@pytest.mark.parametrize("typed", ["", "abc", "1", "+31612345678901234", "12 34 x"])
def test_what_is_no_number_is_not_called(allowed, cast, typed):
    with pytest.raises(NotPromised, match="not a telephone number"):
        allowed.place(typed, cast.bob)


class SlowTokens:
    """A token that takes until after the moment."""

    def current(self) -> str:
        time.sleep(0.2)
        return "token"

    def renew(self, rejected: str) -> str:
        return self.current()


def test_nothing_leaves_after_its_moment_however_long_a_token_took():
    with socket.create_server(("127.0.0.1", 0)) as vendor:
        vendor.settimeout(2)
        http = VendorHttp(
            f"http://127.0.0.1:{vendor.getsockname()[1]}",
            tokens=SlowTokens(),
            limits=Limits(connect_timeout=2, read_timeout=2, total_timeout=5),
            redactor=Redactor(),
            on_call=lambda record: None,
        )
        with pytest.raises(VendorUnavailable):
            http.no_later_than(time.monotonic() + 0.1).post("/calls", json={})
        line, _ = vendor.accept()
        with line:
            line.settimeout(2)
            # Connected, and closed without a byte.
            assert line.recv(100) == b""
