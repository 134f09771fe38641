"""The story of an operation in plain words: complete, in order, and true to each state."""

from datetime import UTC, timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from portal.operations import decisions, engine, settling, subjects
from portal.operations.models import Attempt, Operation, Status
from portal.operations.registry import kind_label
from portal.operations.story import readable, story_of
from portal.operations.words import behind_words, words_for
from portal.vendors.models import Call

pytestmark = pytest.mark.django_db

Trouble = Operation.Trouble


def read(desk, operation: Operation) -> Operation:
    found = Operation.objects.for_story().get(pk=operation.pk)
    found.tenant = desk.tenant
    return found


def words(desk, operation: Operation, **state):
    with desk.scope():
        if state:
            engine.change(operation, **state)
        return words_for(read(desk, operation), UTC)


def story(desk, operation: Operation) -> list[str]:
    with desk.scope():
        return [event.text for event in story_of(read(desk, operation)).events]


# --- In order -----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_what_was_asked_sent_and_done_is_told_in_order(desk, cast):
    operation = desk.promise(cast.bob)
    engine.run_lane(desk.tenant.pk, desk.connection.pk, "door")
    assert story(desk, operation) == ["Asked for", "Sending 1", "Ended"]


@pytest.mark.django_db(transaction=True)
def test_a_lost_answer_that_was_found_is_told_with_what_was_read(desk, cast, desk_server):
    operation = desk.promise(cast.bob)
    work = engine.claim(desk.tenant.pk, desk.connection.pk, "door")
    desk_server.heard.append(f"/{operation.pk}")
    with desk.scope():
        engine.change(operation, status=Status.UNKNOWN, due_at=Now())
        engine.close(work, Attempt.Outcome.UNKNOWN, message="no answer")
    settling.settle(desk.tenant.pk, operation.pk)
    assert story(desk, operation) == ["Asked for", "Sending 1", "Look 1 at the vendor", "Ended"]
    with desk.scope():
        look = story_of(read(desk, operation)).events[2]
    assert (look.word, look.said) == ("Found at the vendor", "The desk heard it.")


def test_decisions_are_told_with_who_and_why(desk, cast):
    operation = desk.troubled(cast.bob, costs_money=True)
    with desk.scope():
        question = decisions.send_again(operation, reason="Nobody heard it.", acting_user=cast.adam)
        decisions.confirm(question, acting_user=cast.alice)
        told = [(event.who, event.text, event.said) for event in story_of(read(desk, operation)).events][-2:]
    assert told == [
        ("Adam", "Asked to send it again, which takes a second person", "Nobody heard it."),
        ("Alice", "Confirmed it as the second person", ""),
    ]


def test_calls_stand_with_the_attempt_during_which_they_were_made(desk, cast):
    """Sendings and looks are both numbered from 1, so that their numbers cannot tell which calls are whose."""
    operation = desk.troubled(cast.bob)
    with desk.scope():
        for attempt in operation.attempts.all():
            Call.objects.create(
                tenant=desk.tenant,
                connection=desk.connection,
                operation_id=operation.pk,
                attempt_number=1,
                started_at=attempt.started_at,
                duration_ms=12,
                method="POST" if attempt.purpose == "send" else "GET",
                path="/knock",
                vendor_request_id="desk-1",
            )
        asked, sending, look = story_of(read(desk, operation)).events
    assert asked.calls == []
    assert [call["method"] for call in sending.calls] == ["POST"]
    assert [(call["method"], call["request_id"]) for call in look.calls] == [("GET", "desk-1")]


def test_only_a_question_that_is_still_open_is_asked(desk, cast):
    operation = desk.troubled(cast.bob, costs_money=True)
    with desk.scope():
        question = decisions.send_again(operation, reason="Nobody heard it.", acting_user=cast.adam)
        assert story_of(read(desk, operation)).open_question == question
        engine.change(operation, status=Status.DONE)
        assert story_of(read(desk, operation)).open_question is None


# --- In words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "happened", "effect"),
    [
        ({}, "has not been sent yet", "Nothing was changed"),
        ({"trouble": Trouble.UNREACHABLE}, "could not be reached", "Nothing was changed"),
        ({"trouble": Trouble.CREDENTIALS}, "does not accept the connection's credentials", "Until the credentials"),
        ({"trouble": Trouble.QUOTA}, "quota of the connection is used up", "Nothing was changed"),
        ({"trouble": Trouble.PROTOCOL}, "not understood, before anything was sent", "Nothing was changed"),
        ({"attempt_count": 1}, "sent before without effect", "nothing was changed"),
        ({"status": Status.SENDING, "attempt_count": 1}, "being sent", "known in a moment"),
        ({"status": Status.UNKNOWN}, "no usable answer", "may or may not have been done"),
        ({"status": Status.NEEDS_PERSON, "trouble": Trouble.UNKNOWN}, "does not settle", "may or may not"),
        ({"status": Status.NEEDS_PERSON, "trouble": Trouble.PROTOCOL}, "form that is not understood", "stopped before"),
        ({"status": Status.DONE}, "done at the vendor", "once"),
        ({"status": Status.REFUSED, "trouble": Trouble.REFUSED}, "refused it", "Nothing was changed"),
        ({"status": Status.CANCELLED}, "cancelled before it was sent", "Nothing was changed"),
        ({"status": Status.CANCELLED, "trouble": Trouble.UNKNOWN}, "gave it up", "treated as not done"),
    ],
)
def test_each_state_says_what_happened_and_what_was_not_done(desk, cast, state, happened, effect):
    told = words(desk, desk.promise(cast.bob), **state)
    assert happened in str(told.happened)
    assert effect in str(told.effect)
    assert told.then


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status.SENDING, "is being sent just now"),
        (Status.UNKNOWN, "has an unknown outcome"),
        (Status.NEEDS_PERSON, "needs a person to decide"),
    ],
)
def test_one_that_waits_its_turn_names_what_it_waits_for(desk, cast, status, reason):
    first, second = desk.promise(cast.bob, "Order +5"), desk.promise(cast.bob, "Order +6")
    with desk.scope():
        engine.change(first, status=status)
    then = str(words(desk, second).then)
    assert "“Order +5”" in then
    assert reason in then


def test_what_is_in_another_lane_is_not_waited_for(desk, cast):
    first, second = desk.promise(cast.bob, "Order +5"), desk.promise(cast.bob, "Order +6", lane="back")
    with desk.scope():
        engine.change(first, status=Status.UNKNOWN)
        assert behind_words(read(desk, first)) == ""
    assert "as soon as a worker is free" in str(words(desk, second).then)


def test_a_time_to_come_is_told(desk, cast):
    operation = desk.promise(cast.bob)
    assert "It will be sent at" in str(words(desk, operation, due_at=timezone.now() + timedelta(minutes=5)).then)


@pytest.mark.parametrize(("status", "words_of_status"), [("waiting", "Nothing is sent"), ("unknown", "not looked at")])
def test_a_connection_that_is_switched_off_is_named_as_the_reason(desk, cast, status, words_of_status):
    operation = desk.promise(cast.bob)
    with desk.scope():
        desk.connection.enabled = False
        desk.connection.save()
    then = str(words(desk, operation, status=status).then)
    assert words_of_status in then
    assert "switched off" in then


def test_how_many_wait_behind_is_told_up_to_99(desk, cast):
    first = desk.troubled(cast.bob)
    with desk.scope():
        Operation.objects.bulk_create(
            Operation(tenant=desk.tenant, connection=desk.connection, kind="desk.knock", lane="door")
            for _ in range(101)
        )
        assert behind_words(read(desk, first)) == "99+ operations wait behind it."


# --- Small things -------------------------------------------------------------------------------------------------


def test_facts_are_read_as_names_and_values():
    facts = {
        "level_before": 12,
        "ready": True,
        "none": None,
        "orders": [{"number": "A1", "quantity": 5}],
        "long": "x" * 999,
    }
    told = dict(readable(facts))
    assert told.pop("Long").endswith("x…")
    assert told == {"Level before": "12", "Ready": "yes", "None": "–", "Orders": "Number: A1, Quantity: 5"}


def test_an_app_tells_where_its_subjects_are(desk, cast, monkeypatch):
    monkeypatch.setattr(subjects, "_describers", {})
    operation = desk.promise(cast.bob)
    assert subjects.subject_of(operation) is None
    subjects.register("vendors.connection", lambda about: ("Desk", f"/desk/{about.subject_id}"))
    assert subjects.subject_of(operation) == subjects.Subject("Desk", f"/desk/{desk.connection.pk}")


def test_a_kind_that_is_no_longer_built_in_shows_its_name(desk, cast):
    operation = desk.promise(cast.bob)
    with desk.scope():
        Operation.objects.filter(pk=operation.pk).update(kind="gone.kind")
    assert kind_label("gone.kind") == "gone.kind"
    assert words(desk, operation, status=Status.NEEDS_PERSON, trouble="unknown").then
