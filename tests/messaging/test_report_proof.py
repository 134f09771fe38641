"""What a report proves, and what its absence does not."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from messaging.models import Batch, Message, Sending, SmsAccount
from messaging.reports import proof, watching
from portal.notices.models import Notice
from portal.operations.models import Attempt, Operation, Status
from tests.messaging.mailroom import some_campaign
from tests.messaging.vendor_post import path_of, post, report_body, some_key, some_sending, work_off

ANNA, BEN = "+31612345671", "+31612345672"


@pytest.fixture
def sending(mailroom):
    with mailroom.scope():
        some_key(mailroom.connection)
        return some_sending(some_campaign(mailroom.connection, [ANNA, BEN]))


def some_unknown(mailroom, sending: Sending, status: str) -> Operation:
    """Of the sending's batch, to be looked up in an hour."""
    with mailroom.scope():
        operation = Operation.objects.create(
            tenant=mailroom.tenant,
            connection=mailroom.connection,
            kind="messaging.send",
            lane="sms:1",
            label="Spring/1",
            payload={},
            status=status,
            attempt_count=1,
            unknown_since=timezone.now(),
            due_at=timezone.now() + timedelta(hours=1),
            subject_type=Batch._meta.label_lower,
            subject_id=sending.batch_id,
        )
        Attempt.objects.create(
            tenant=mailroom.tenant,
            operation=operation,
            number=1,
            purpose=Attempt.Purpose.SEND,
            started_at=timezone.now(),
            outcome=Attempt.Outcome.UNKNOWN,
            facts={"sending": sending.pk, "messages": 2, "parts": {"NL": [2, 2]}},
        )
        Batch.objects.filter(pk=sending.batch_id).update(operation=operation, state="unknown")
        Message.objects.filter(batch=sending.batch_id).update(state="unknown")
        return operation


@pytest.mark.parametrize("status", [Status.UNKNOWN, Status.NEEDS_PERSON])
def test_a_report_has_an_unknown_outcome_looked_up_at_once(mailroom, sending, status):
    operation = some_unknown(mailroom, sending, status)
    assert post(path_of(sending), report_body(ANNA, 1)) == 200
    work_off(mailroom.connection)
    with mailroom.scope():
        assert Sending.objects.get().first_report_at is not None
        assert Operation.objects.to_be_settled().filter(pk=operation.pk).exists()
    assert set(mailroom.states(sending.batch.campaign).values()) == {"delivered", "unknown"}


def test_what_a_lost_worker_forgot_is_looked_up_later(mailroom, sending):
    operation = some_unknown(mailroom, sending, Status.NEEDS_PERSON)
    with mailroom.scope():
        Sending.objects.update(first_report_at=Now())
    proof.look_at_forgotten()
    with mailroom.scope():
        assert Operation.objects.to_be_settled().filter(pk=operation.pk).exists()


def test_a_second_report_has_nothing_looked_up(mailroom, sending):
    some_unknown(mailroom, sending, Status.UNKNOWN)
    with mailroom.scope():
        Sending.objects.update(first_report_at=Now())
    post(path_of(sending), report_body(ANNA, 1))
    work_off(mailroom.connection)
    with mailroom.scope():
        assert not Operation.objects.to_be_settled().exists()


# --- What did not come ----------------------------------------------------------------------------------------------------


def taken(mailroom, ago: timedelta, due: timedelta = timedelta(days=3)) -> None:
    with mailroom.scope():
        now = timezone.now()
        Batch.objects.update(state="done", taken_at=now - ago, reports_due_at=now - ago + due)


def open_notices(mailroom) -> list[str]:
    with mailroom.scope():
        return list(Notice.objects.open().values_list("kind", flat=True))


def test_a_silent_connection_is_told_once_until_a_report_comes(mailroom, sending):
    taken(mailroom, timedelta(minutes=5))
    watching.watch()
    assert open_notices(mailroom) == []

    taken(mailroom, timedelta(minutes=20))
    watching.watch()
    watching.watch()
    assert open_notices(mailroom) == ["messaging.reports_silent"]
    with mailroom.scope():
        assert SmsAccount.objects.get().silent_since is not None

    assert post(path_of(sending), report_body(ANNA, 3)) == 200
    work_off(mailroom.connection)
    watching.watch()
    assert open_notices(mailroom) == []
    with mailroom.scope():
        assert SmsAccount.objects.get().silent_since is None


def test_who_wants_no_reports_is_not_told_that_none_come(mailroom, sending):
    with mailroom.scope():
        SmsAccount.objects.update(wants_reports=False)
    taken(mailroom, timedelta(days=4))
    watching.watch()
    assert open_notices(mailroom) == []


def test_messages_whose_time_is_over_are_missing_until_they_are_told_an_end(mailroom, sending, cast, client):
    taken(mailroom, timedelta(days=4))
    with mailroom.scope():
        Message.objects.filter(number=BEN).update(state="delivered")
    watching.watch()
    watching.watch()
    assert open_notices(mailroom) == ["messaging.reports_missing"]
    client.force_login(cast.vera)
    assert "Spring" in client.get("/t/acme/sms/reports/").content.decode()

    assert post(path_of(sending), report_body(ANNA, 6)) == 200
    work_off(mailroom.connection)
    watching.watch()
    assert open_notices(mailroom) == []
    assert "Nothing is missing" in client.get("/t/acme/sms/reports/").content.decode()
