"""Signing keys at the vendor: read, turned over by the engine, and settled by the vendor's list when an answer is lost."""

import pytest
from django.db.models.functions import Now

from messaging.models import SigningKey, SmsAccount
from messaging.reports import intake, key_operations, key_reading
from messaging.reports.addresses import inbound_url
from portal.audit.models import Entry
from portal.operations.refusals import NotPromised
from portal.vendors.models import Call
from tests.messaging.mailroom import some_campaign
from tests.messaging.vendor_post import path_of, post, report_body, some_key, some_sending

ANNA = "+31612345671"


def read(mailroom) -> None:
    with mailroom.scope():
        SmsAccount.objects.update(keys_due_at=Now())
    key_reading.read_keys(mailroom.tenant.pk, mailroom.connection.pk)
    intake.keyring.forget()


def states(mailroom) -> list[str]:
    """Of the keys here, the newest last."""
    with mailroom.scope():
        return list(SigningKey.objects.order_by("pk").values_list("state", flat=True))


def newest(mailroom) -> SigningKey:
    with mailroom.scope():
        return SigningKey.objects.select_related("connection__tenant").latest("pk")


def ask(mailroom, verb, *args, person):
    with mailroom.scope():
        operation = verb(*args, acting_user=person)
    mailroom.work()
    intake.keyring.forget()
    return operation


def stage(mailroom, person) -> SigningKey:
    ask(mailroom, key_operations.stage_key, mailroom.connection, person=person)
    return newest(mailroom)


def test_a_key_is_turned_over_without_losing_a_report(mailroom, cast):
    with mailroom.scope():
        sending = some_sending(some_campaign(mailroom.connection, [ANNA]))
    first = stage(mailroom, cast.adam)
    ask(mailroom, key_operations.activate_key, first, person=cast.adam)
    second = stage(mailroom, cast.adam)
    assert states(mailroom) == ["active", "staged"]
    for key in (first, second):
        assert post(path_of(sending), report_body(ANNA, 3), secret=key.secret.reveal(), key_id=key.key_id) == 200

    ask(mailroom, key_operations.activate_key, second, person=cast.adam)
    assert states(mailroom) == ["retiring", "active"]
    old = {"secret": first.secret.reveal(), "key_id": first.key_id}
    assert post(path_of(sending), report_body(ANNA, 3), **old) == 200
    with mailroom.scope(), pytest.raises(NotPromised):
        key_operations.retire_key(first, acting_user=cast.adam)

    with mailroom.scope():
        SigningKey.objects.filter(pk=second.pk).update(used_at=Now())
    ask(mailroom, key_operations.retire_key, first, person=cast.adam)
    assert states(mailroom) == ["retired", "active"]
    assert post(path_of(sending), report_body(ANNA, 3), **old) == 401
    ask(mailroom, key_operations.delete_key, first, person=cast.adam)
    assert states(mailroom) == ["active"]
    kinds = ("signing_key_created", "signing_key_activated", "signing_key_deleted")
    assert [mailroom.effects(kind) for kind in kinds] == [2, 2, 1]


def test_no_secret_is_in_the_journal_or_the_call_log(mailroom, cast):
    key = stage(mailroom, cast.adam)
    secret = key.secret.reveal()
    assert len(secret) >= 48
    with mailroom.scope():
        calls = [f"{call.request} {call.response}" for call in Call.objects.all()]
        assert any(key.key_id in call for call in calls)
        assert not any(secret in call for call in calls)
        assert secret not in str(mailroom.operation().payload)
        assert secret not in str(list(Entry.objects.values_list("after", "before")))


def test_a_lost_answer_makes_no_second_key(mailroom, cast, control):
    lost = control.add_fault(
        "lost_answer", client_id=mailroom.client_id, method="POST", times=1, path="/applications/keys"
    )
    ask(mailroom, key_operations.stage_key, mailroom.connection, person=cast.adam)
    mailroom.let_time_pass()
    mailroom.work()
    assert control.fault(lost["id"])["struck"] == 1
    operation = mailroom.operation()
    assert (operation.status, operation.attempt_count) == ("done", 1)
    assert mailroom.effects("signing_key_created") == 1
    assert states(mailroom) == ["staged"]


@pytest.mark.parametrize("verb", ["activate", "retire"])
def test_a_move_whose_answer_was_lost_is_found(mailroom, cast, control, verb):
    first = stage(mailroom, cast.adam)
    ask(mailroom, key_operations.activate_key, first, person=cast.adam)
    second = stage(mailroom, cast.adam)
    if verb == "retire":
        ask(mailroom, key_operations.activate_key, second, person=cast.adam)
        with mailroom.scope():
            SigningKey.objects.filter(pk=second.pk).update(used_at=Now())
    control.add_fault("lost_answer", client_id=mailroom.client_id, method="POST", times=1, path="/applications/keys")
    moved, move = (second, key_operations.activate_key) if verb == "activate" else (first, key_operations.retire_key)
    ask(mailroom, move, moved, person=cast.adam)
    mailroom.let_time_pass()
    mailroom.work()
    assert (mailroom.operation().status, mailroom.operation().attempt_count) == ("done", 1)
    assert states(mailroom) == (["retiring", "active"] if verb == "activate" else ["retired", "active"])


def test_the_organizations_key_is_fetched_by_itself(mailroom, control):
    """The vendor made it for the first report; nobody entered it here."""
    control.sms_settings(mailroom.client_id, inbound_url=inbound_url(mailroom.connection))
    control.sms_inbound(mailroom.client_id, "31612345671", "3197000000001", "Hi", hold=True)
    control.post_sms_reports(mailroom.client_id)
    read(mailroom)
    key = newest(mailroom)
    assert (key.level, key.state, bool(key.secret)) == ("organizations", "active", True)
    with mailroom.scope():
        sending = some_sending(some_campaign(mailroom.connection, [ANNA]))
        assert SmsAccount.objects.get().keys_read_at is not None
    assert post(path_of(sending), report_body(ANNA, 3), secret=key.secret.reveal(), key_id=key.key_id) == 200


def test_what_was_deleted_at_the_vendor_is_believed_no_more(mailroom, cast):
    read(mailroom)
    with mailroom.scope():
        some_key(mailroom.connection, "wk_gone", "secret-of-long-ago")
    read(mailroom)
    assert states(mailroom) == []


def test_a_key_that_is_being_made_is_not_taken_for_gone(mailroom, cast):
    with mailroom.scope():
        key_operations.stage_key(mailroom.connection, acting_user=cast.adam)
    read(mailroom)
    mailroom.work()
    assert states(mailroom) == ["staged"]


def test_where_keys_are_closed_it_is_said(mailroom, control):
    control.sms_settings(mailroom.client_id, keys_offered=False)
    read(mailroom)
    with mailroom.scope():
        account = SmsAccount.objects.get()
        assert account.keys_error
        assert account.keys_read_at is None


def test_a_secret_is_shown_to_whoever_asks_and_that_is_on_record(mailroom, cast):
    key = stage(mailroom, cast.adam)
    with mailroom.scope():
        assert key_operations.reveal_key(key, acting_user=cast.adam) == key.secret.reveal()
        assert Entry.objects.filter(action="messaging.key_shown", actor=cast.adam).count() == 1
