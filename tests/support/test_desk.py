"""What Sue sees at the desk and what she does there, each from a trouble made at the vendor."""

import pytest

from portal.audit.models import Entry
from portal.operations.models import Decision, Operation, Status
from portal.support.incidents import watch
from portal.tenancy.scope import staff_scope
from provisioning.models import Order
from tests.support.desk import (
    DESK,
    REASON,
    agree_price,
    decide,
    lose_order,
    now,
    order,
    pile_of,
    swallow_answer,
    text_of,
)
from tests.vendors.calling import read_inventory


@pytest.fixture(autouse=True)
def _impatient(settings):
    """What is in trouble is on the desk at once."""
    settings.DESK_PATIENCE_SECONDS = 0


def entry_of(action: str, operation: Operation) -> Entry:
    with staff_scope():
        return Entry.objects.select_related("actor", "tenant").get(action=action, object_id=str(operation.pk))


# --- Nobody knows whether it was done -------------------------------------------------------------------------------


def test_a_lost_order_is_on_the_desk_with_its_evidence_and_the_money_at_risk(video, cast, sue):
    agree_price(video)
    lost = lose_order(video, cast.bob, quantity=5)
    seen = pile_of(sue.get(DESK), "unknown")
    for part in (lost.label, "Acme", "Video", "€ 12.50 a month", "Not at the vendor", "Total now 0", "sent 2 times"):
        assert part in seen, part
    for act in ("Look again", "Send again", "Mark as done", "Give up", "Case file"):
        assert act in seen


def test_the_admins_first_page_begins_with_the_desk(video, cast, sue):
    lost = lose_order(video, cast.bob)
    shown = text_of(sue.get("/admin/"))
    assert shown.index(lost.label) < shown.index("Everything there is")


def test_an_order_without_a_price_says_so(video, cast, sue):
    lose_order(video, cast.bob)
    assert "price unknown" in pile_of(sue.get(DESK), "unknown")


def test_looking_again_finds_what_can_be_told_by_now(video, cast, sue):
    """The stock moved by more than the order, so nobody could tell; then the other change was taken back."""
    swallowed = swallow_answer(video, cast.bob)
    assert "Cannot tell" in pile_of(sue.get(DESK), "unknown")
    video.control.move_total_behind(video.client_id, -1)
    decide(sue, "look_again", swallowed, reason=REASON)
    video.work()
    assert now(swallowed).status == Status.DONE
    assert video.effects("order_taken") == 1
    assert video.orders()[0].number == video.truth()["orders"][0]["order_number"]
    entry = entry_of("operations.look_again_decided", swallowed)
    assert (entry.actor, entry.reason, entry.tenant) == (cast.sue, REASON, cast.acme)
    assert pile_of(sue.get(DESK), "unknown") == ""


def test_sending_again_what_costs_money_takes_two_people(video, cast, sue, tom, second):
    lost = lose_order(video, cast.bob)
    decide(sue, "send_again", lost, reason=REASON)
    video.work()
    assert video.effects("order_taken") == 0
    asked = pile_of(sue.get(DESK), "second-person")
    assert REASON in asked
    assert "Confirm" not in asked.partition("What to do")[2]
    refused = text_of(decide(sue, "confirm", lost))
    assert "You asked for this yourself" in refused
    assert "Confirm" in pile_of(tom.get(DESK), "second-person").partition("What to do")[2]
    decide(tom, "confirm", lost)
    video.work()
    assert (video.effects("order_taken"), now(lost).status) == (1, Status.DONE)
    assert entry_of("operations.send_again_decided", lost).reason == REASON
    assert entry_of("operations.confirmed", lost).actor == second


def test_a_withdrawn_question_sends_nothing_and_needs_a_person_again(video, cast, sue, tom):
    lost = lose_order(video, cast.bob)
    decide(sue, "send_again", lost, reason=REASON)
    decide(tom, "withdraw", lost)
    video.work()
    assert video.effects("order_taken") == 0
    page = sue.get(DESK)
    assert (pile_of(page, "second-person"), lost.label in pile_of(page, "unknown")) == ("", True)


def test_sending_again_what_is_free_takes_one_person(video, cast, sue):
    order(video, cast.bob, 5)
    video.work()
    fault = video.control.add_fault("no_work_lost", method="POST", path="/order", times=2)
    order(video, cast.bob, 2, "decrement")
    video.work()
    lost = video.operation()
    assert "€" not in pile_of(sue.get(DESK), "unknown")
    video.control.remove_faults(fault["id"])
    decide(sue, "send_again", lost, reason=REASON)
    video.work()
    assert (video.effects("order_taken"), video.truth()["total"]) == (2, 3)


def test_what_the_vendor_did_is_marked_as_done_with_its_number(video, cast, sue):
    swallowed = swallow_answer(video, cast.bob)
    number = video.truth()["orders"][0]["order_number"]
    decide(sue, "mark_done", swallowed, reference=number, reason=REASON)
    video.work()
    assert now(swallowed).status == Status.DONE
    assert (video.effects("order_taken"), video.orders()[0].number) == (1, number)
    entry = entry_of("operations.mark_done_decided", swallowed)
    assert (entry.reason, entry.after) == (REASON, {"reference": number})


def test_what_was_given_up_is_not_sent_and_lets_the_next_one_go(video, cast, sue):
    lost = lose_order(video, cast.bob, 5)
    order(video, cast.bob, 7)
    assert "1 waits behind it" in pile_of(sue.get(DESK), "unknown")
    decide(sue, "give_up", lost, reason=REASON)
    video.work()
    assert [effect["facts"]["quantity"] for effect in video.control.ledger(video.client_id, "order_taken")] == [7]
    assert [each.status for each in video.orders()] == [Order.Status.FAILED, Order.Status.FULFILLED]
    assert entry_of("operations.give_up_decided", lost).reason == REASON


@pytest.mark.parametrize("act", ["look_again", "send_again", "mark_done", "give_up"])
def test_nothing_is_decided_without_a_reason(video, cast, sue, act):
    lost = lose_order(video, cast.bob)
    answer = decide(sue, act, lost, reference="O-1", reason="  ")
    assert answer.status_code == 422
    assert now(lost).status == Status.NEEDS_PERSON
    with staff_scope():
        assert not Decision.objects.exists()


def test_several_are_marked_as_done_each_with_its_own_number(video, globex_video, cast, sue):
    both = [swallow_answer(video, cast.bob), swallow_answer(globex_video, cast.charlie)]
    desks = (video, globex_video)
    numbers = {each.pk: desk.truth()["orders"][0]["order_number"] for each, desk in zip(both, desks, strict=True)}
    answers = {f"reference_{pk}": number for pk, number in numbers.items()}
    decide(sue, "mark_done", *both, reason=REASON, **answers)
    assert [now(each).status for each in both] == [Status.DONE, Status.DONE]
    assert [desk.orders()[0].number for desk in desks] == list(numbers.values())


# --- The vendor's answers are not understood ------------------------------------------------------------------------


def test_nonsense_from_the_vendor_stops_and_is_sent_once_it_makes_sense(video, cast, sue, tom):
    fault = video.control.add_fault("wrong_shape", method="GET", path="/inventory")
    order(video, cast.bob)
    for _ in range(3):
        video.let_time_pass()
        video.work()
    stopped = video.operation()
    seen = pile_of(sue.get(DESK), "protocol")
    assert stopped.label in seen
    assert "not looked at yet" in seen
    video.control.remove_faults(fault["id"])
    decide(sue, "send_again", stopped, reason=REASON)
    decide(tom, "confirm", stopped)
    video.work()
    assert (video.effects("order_taken"), now(stopped).status) == (1, Status.DONE)


# --- Still being looked up ------------------------------------------------------------------------------------------


def test_an_outcome_that_cannot_be_looked_up_yet_is_on_the_desk_with_nothing_to_press(video, cast, sue):
    video.control.add_fault("lost_answer", method="POST", path="/order", times=1)
    order(video, cast.bob)
    video.work_once()
    seen = pile_of(sue.get(DESK), "looking")
    assert video.operation().label in seen
    assert ("Send again" in seen, "Case file" in seen) == (False, True)


# --- Waiting for a connection ---------------------------------------------------------------------------------------


def test_revoked_credentials_are_one_row_however_many_operations_wait(video, cast, sue):
    video.control.put_account(video.client_id, client_secret="another")
    video.control.revoke_tokens(video.client_id)
    for quantity in (1, 2, 3):
        order(video, cast.bob, quantity)
    video.work()
    seen = pile_of(sue.get(DESK), "credentials")
    assert seen.count("Acme") == 1
    assert "Video" in seen
    assert " 3 " in seen
    assert video.effects("order_taken") == 0


def test_a_used_up_quota_is_on_the_desk_until_its_reset(video, cast, sue):
    video.control.put_account(video.client_id, quota_limit=1, quota_interval=1, quota_time_unit="hour")
    order(video, cast.bob)
    video.work()
    video.let_time_pass()
    video.work()
    seen = pile_of(sue.get(DESK), "quota")
    assert "Acme" in seen
    assert "no call before" in seen


def test_a_vendor_that_is_away_is_on_the_desk_and_leaves_it_by_itself(video, cast, sue):
    video.sandbox.kill()
    try:
        order(video, cast.bob)
        video.work_once()
        assert "Acme" in pile_of(sue.get(DESK), "unreachable")
    finally:
        video.sandbox.start()
    video.let_time_pass()
    video.work()
    assert video.effects("order_taken") == 1
    assert pile_of(sue.get(DESK), "unreachable") == ""


def test_a_connection_whose_answers_make_no_sense_is_on_the_desk(video, cast, sue, settings):
    # Not due again within the turn: after a few times it would be the operation that needs a person.
    settings.OPERATION_BACKOFF_SECONDS = 300
    video.control.add_fault("broken_json", method="GET")
    order(video, cast.bob)
    video.work_once()
    assert "Acme" in pile_of(sue.get(DESK), "unreadable")
    assert video.effects("order_taken") == 0


def test_an_incident_at_a_vendor_is_told_at_the_desk(video, cast, sue, settings):
    settings.INCIDENT_PATIENCE_SECONDS = 0
    assert "0 Incidents at vendors" in text_of(sue.get(DESK))
    video.control.add_fault("status", status=503)
    read_inventory(video.connection)
    watch()
    assert "1 Incidents at vendors" in text_of(sue.get(DESK))


def test_a_short_trouble_is_nobodys_business(video, cast, sue, settings):
    settings.DESK_PATIENCE_SECONDS = 600
    video.control.put_account(video.client_id, quota_limit=1, quota_interval=1, quota_time_unit="hour")
    order(video, cast.bob)
    video.work()
    assert pile_of(sue.get(DESK), "quota") == ""


def test_what_waits_is_cancelled_from_the_list_with_a_reason(video, cast, sue):
    video.control.put_account(video.client_id, client_secret="another")
    video.control.revoke_tokens(video.client_id)
    order(video, cast.bob)
    video.work()
    waiting = video.operation()
    listed = f"/admin/operations/operation/?status__exact=waiting&connection__id__exact={video.connection.pk}"
    assert waiting.label in text_of(sue.get(listed))
    decide(sue, "cancel", waiting, reason=REASON)
    assert now(waiting).status == Status.CANCELLED
    assert entry_of("operations.cancel_decided", waiting).reason == REASON


# --- Refused --------------------------------------------------------------------------------------------------------


def refuse(video, who) -> Operation:
    """The vendor refuses a decrement, since somebody else took the product meanwhile."""
    order(video, who, 1, "decrement")
    video.work()
    refused = video.operation()
    assert refused.status == Status.REFUSED
    return refused


@pytest.fixture
def refusing(video, cast):
    """All that Acme has is taken behind the portal's back."""
    order(video, cast.bob, 2)
    video.work()
    for name in ("one", "two"):
        video.control.subscribe_behind(video.client_id, name)
    return video


def test_refusals_in_the_same_words_are_one_row_and_noted_together(refusing, cast, sue):
    refused = [refuse(refusing, cast.bob), refuse(refusing, cast.bob)]
    seen = pile_of(sue.get(DESK), "refused")
    assert refused[0].message in seen
    assert "and 1 other, refused in the same words" in seen
    decide(sue, "note", refused[0], reason="Told Acme to delete subscribers first.")
    assert pile_of(sue.get(DESK), "refused") == ""
    for each in refused:
        assert entry_of("operations.refusal_noted", each).reason == "Told Acme to delete subscribers first."
        assert now(each).status == Status.REFUSED


def test_a_refusal_is_noted_once(refusing, cast, sue):
    refused = refuse(refusing, cast.bob)
    decide(sue, "note", refused, reason=REASON)
    assert "nothing was done" in text_of(decide(sue, "note", refused, reason="Again."))
    assert entry_of("operations.refusal_noted", refused).reason == REASON


# --- The desk itself ------------------------------------------------------------------------------------------------


def test_an_empty_desk_says_so(sue, cast):
    assert "Nothing needs a person." in text_of(sue.get(DESK))


def test_the_oldest_comes_first_whosever_it_is(video, globex_video, cast, sue):
    first, then = lose_order(globex_video, cast.charlie, 7), lose_order(video, cast.bob, 5)
    seen = pile_of(sue.get(DESK), "unknown")
    assert seen.index(first.label) < seen.index(then.label)
    alone = text_of(sue.get(f"{DESK}unknown/"))
    assert alone.index(first.label) < alone.index(then.label)


def test_a_company_that_is_suspended_cannot_be_decided_for(video, cast, sue):
    lost = lose_order(video, cast.bob)
    with staff_scope():
        type(cast.acme).objects.filter(pk=cast.acme.pk).update(state="suspended")
    assert "suspended" in pile_of(sue.get(DESK), "unknown")
    assert "nothing was done" in text_of(decide(sue, "give_up", lost, reason=REASON))
    assert now(lost).status == Status.NEEDS_PERSON


@pytest.mark.parametrize("path", [DESK, f"{DESK}unknown/", "/admin/operations/operation/decide/give_up/"])
def test_the_desk_is_nothing_to_members(client, cast, path):
    client.force_login(cast.alice)
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", [f"{DESK}there-is-none/", f"{DESK}credentials/"])
def test_a_group_that_is_none_is_not_found(sue, path):
    assert sue.get(path).status_code == 404
