"""What people decide: never twice, never by the wrong one, never about what has moved on."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import DatabaseError, connection, transaction

from portal.audit.models import Entry
from portal.operations import decisions, engine
from portal.operations.decisions import NotPossible
from portal.operations.models import Decision, Operation, Status
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope
from tests.fixtures.waiting import somebody_waits_for_a_lock, wait_until

pytestmark = pytest.mark.django_db


def audit_of(operation: Operation) -> list[tuple[str, str]]:
    entries = Entry.objects.filter(object_type="operations.operation", object_id=str(operation.pk)).order_by("pk")
    return list(entries.values_list("actor_label", "action"))


# --- Cancel -------------------------------------------------------------------------------------------------------


def test_what_waits_can_be_cancelled_and_its_mirror_is_put_right(desk, cast):
    operation = desk.promise(cast.bob)
    with desk.scope():
        decisions.cancel(operation, reason="Too many.", acting_user=cast.bob)
        assert audit_of(operation)[1:] == [
            ("bob@example.com", "operations.cancel_decided"),
            ("Patchbay", "operations.cancelled"),
        ]
    ended = desk.now(operation)
    assert (ended.status, ended.message, ended.payload["mirror"]) == (Status.CANCELLED, "Too many.", "put right")
    assert ended.ended_at


@pytest.mark.parametrize("status", sorted(set(Status) - {Status.WAITING}))
def test_what_left_or_ended_cannot_be_cancelled(desk, cast, status):
    operation = desk.promise(cast.bob)
    with desk.scope():
        engine.change(operation, status=status)
        with pytest.raises(NotPossible, match="can no longer be cancelled"):
            decisions.cancel(operation, acting_user=cast.bob)
        assert not Decision.objects.exists()
    assert desk.now(operation).status == status


# --- Needs a person -----------------------------------------------------------------------------------------------


def decide(desk, operation, verb, who, **answers):
    with desk.scope():
        return verb(operation, reason="The vendor's support said so.", acting_user=who, **answers)


def test_looking_again_makes_it_unknown_and_due_now(desk, cast):
    operation = desk.troubled(cast.bob)
    decide(desk, operation, decisions.look_again, cast.adam)
    looked = desk.now(operation)
    assert (looked.status, looked.look_count) == (Status.UNKNOWN, 0)
    with desk.scope():
        assert Operation.objects.to_be_settled().get() == operation


def test_what_costs_nothing_is_sent_again_by_one_person(desk, cast):
    operation = desk.troubled(cast.bob)
    decide(desk, operation, decisions.send_again, cast.bob)
    again = desk.now(operation)
    assert (again.status, again.trouble, again.failures_in_a_row) == (Status.WAITING, "", 0)
    with desk.scope():
        assert Operation.objects.due().get() == operation


def test_marking_as_done_absorbs_the_vendors_number_and_frees_the_lane(desk, cast):
    operation = desk.troubled(cast.bob)
    behind = desk.promise(cast.bob, "Knock again")
    decide(desk, operation, decisions.mark_done, cast.bob, reference="KNOCK-7")
    done = desk.now(operation)
    assert (done.status, done.payload["mirror"], done.trouble) == (Status.DONE, "KNOCK-7", "")
    with desk.scope():
        assert Decision.objects.get().facts == {"reference": "KNOCK-7"}
        assert Operation.objects.due().get() == behind


def test_giving_up_puts_the_mirror_right_and_frees_the_lane(desk, cast):
    operation = desk.troubled(cast.bob)
    behind = desk.promise(cast.bob, "Knock again")
    decide(desk, operation, decisions.give_up, cast.bob)
    given_up = desk.now(operation)
    assert (given_up.status, given_up.payload["mirror"]) == (Status.CANCELLED, "put right")
    with desk.scope():
        assert Operation.objects.due().get() == behind


@pytest.mark.parametrize("verb", ["look_again", "send_again", "mark_done", "give_up"])
@pytest.mark.parametrize("status", sorted(set(Status) - {Status.NEEDS_PERSON}))
def test_what_needs_nobody_cannot_be_decided(desk, cast, verb, status):
    operation = desk.troubled(cast.bob)
    with desk.scope():
        engine.change(operation, status=status)
    answers = {"reference": "KNOCK-7"} if verb == "mark_done" else {}
    with pytest.raises(NotPossible, match="does not need a person any more"):
        decide(desk, operation, getattr(decisions, verb), cast.bob, **answers)
    assert desk.now(operation).status == status
    assert desk.decisions(operation) == []


# --- Two people ---------------------------------------------------------------------------------------------------


@pytest.fixture
def costly(desk, cast) -> Operation:
    return desk.troubled(cast.bob, "Order +5", costs_money=True)


@pytest.fixture
def question(desk, cast, costly) -> Decision:
    """Adam asked to send again what costs money."""
    return decide(desk, costly, decisions.send_again, cast.adam)


def test_what_costs_money_is_not_sent_again_by_one_person(desk, costly, question):
    assert question.pending
    assert desk.now(costly).status == Status.NEEDS_PERSON


def test_the_second_person_sends_it(desk, cast, costly, question):
    with desk.scope():
        decisions.confirm(question, acting_user=cast.alice)
        assert ("alice@example.com", "operations.confirmed") in audit_of(costly)
        assert Decision.objects.get().confirmed_by == cast.alice
    assert desk.now(costly).status == Status.WAITING


def test_who_asked_is_no_second_person(desk, cast, costly, question):
    with desk.scope(), pytest.raises(NotPossible, match="A second person has to confirm"):
        decisions.confirm(question, acting_user=cast.adam)
    assert desk.now(costly).status == Status.NEEDS_PERSON


def test_the_database_knows_that_the_second_person_is_another(desk, cast, question):
    with pytest.raises(DatabaseError, match="second_person_is_another"), transaction.atomic(), desk.scope():
        Decision.objects.filter(pk=question.pk).update(confirmed_by=cast.adam)


def test_support_may_be_the_second_person(desk, cast, costly, question):
    with staff_scope():
        decisions.confirm(question, acting_user=cast.sue)
    assert desk.now(costly).status == Status.WAITING


def test_a_second_question_is_not_opened_beside_the_first(desk, cast, costly, question):
    with pytest.raises(NotPossible, match="Somebody has asked for this already"):
        decide(desk, costly, decisions.send_again, cast.alice)
    assert desk.decisions(costly) == ["send_again"]


def test_a_withdrawn_question_cannot_be_confirmed_and_may_be_asked_anew(desk, cast, costly, question):
    with desk.scope():
        decisions.withdraw(question, acting_user=cast.adam)
        with pytest.raises(NotPossible, match="confirmed or withdrawn already"):
            decisions.confirm(question, acting_user=cast.alice)
    assert decide(desk, costly, decisions.send_again, cast.alice).pending


def test_a_confirmed_question_cannot_be_confirmed_again(desk, cast, costly, question):
    with desk.scope():
        decisions.confirm(question, acting_user=cast.alice)
        with pytest.raises(NotPossible):
            decisions.confirm(question, acting_user=cast.sue)


@pytest.mark.parametrize("verb", ["look_again", "mark_done", "give_up"])
def test_any_other_decision_ends_an_open_question(desk, cast, costly, question, verb):
    """A sending again that somebody thought right before the last look must not be confirmed after it."""
    answers = {"reference": "KNOCK-7"} if verb == "mark_done" else {}
    decide(desk, costly, getattr(decisions, verb), cast.alice, **answers)
    with desk.scope():
        engine.change(costly, status=Status.NEEDS_PERSON)
        with pytest.raises(NotPossible, match="confirmed or withdrawn already"):
            decisions.confirm(question, acting_user=cast.alice)


def test_nothing_is_decided_for_a_suspended_tenant(desk, cast, costly, question):
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.SUSPENDED)
        with pytest.raises(NotPossible, match="suspended"):
            decisions.confirm(question, acting_user=cast.sue)
        with pytest.raises(NotPossible, match="suspended"):
            decisions.give_up(costly, reason="No.", acting_user=cast.sue)
    assert desk.now(costly).status == Status.NEEDS_PERSON


def test_another_tenant_cannot_decide(desk, globex_desk, cast, costly):
    with globex_desk.scope(), pytest.raises(Operation.DoesNotExist):
        decisions.give_up(costly, reason="No.", acting_user=cast.charlie)


# --- At once ------------------------------------------------------------------------------------------------------


def at_once(desk, *verbs) -> list[str]:
    """Each verb in a thread and a transaction of its own, started together; "ok" or why it was not possible."""
    ready = threading.Barrier(len(verbs))

    def run(verb) -> str:
        ready.wait()
        try:
            with desk.scope():
                verb()
        except NotPossible as reason:
            return str(reason)
        finally:
            connection.close()
        return "ok"

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(run, verbs))


def reasoned(verb, operation, who, **answers):
    return lambda: verb(operation, reason="I know.", acting_user=who, **answers)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_number", range(3))
def test_of_two_people_who_decide_at_once_one_does(desk, cast, round_number):
    operation = desk.troubled(cast.bob)
    answers = at_once(
        desk,
        reasoned(decisions.give_up, operation, cast.bob),
        reasoned(decisions.mark_done, operation, cast.adam, reference="KNOCK-7"),
    )
    assert sorted(answer == "ok" for answer in answers) == [False, True]
    outcome = {"give_up": Status.CANCELLED, "mark_done": Status.DONE}
    (decided,) = desk.decisions(operation)
    assert desk.now(operation).status == outcome[decided]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_number", range(3))
def test_a_confirmation_and_another_decision_at_once_do_not_block_each_other(desk, cast, round_number):
    """Locks are taken in one order: a deadlock would end one of the two with an error instead of a sentence."""
    operation = desk.troubled(cast.bob, costs_money=True)
    question = decide(desk, operation, decisions.send_again, cast.adam)
    answers = at_once(
        desk,
        lambda: decisions.confirm(question, acting_user=cast.alice),
        reasoned(decisions.mark_done, operation, cast.bob, reference="KNOCK-7"),
    )
    assert answers.count("ok") == 1
    assert desk.now(operation).status in (Status.WAITING, Status.DONE)


@pytest.mark.django_db(transaction=True)
def test_two_who_ask_to_send_again_what_costs_money_open_one_question(desk, cast):
    operation = desk.troubled(cast.bob, costs_money=True)
    answers = at_once(desk, *(reasoned(decisions.send_again, operation, who) for who in (cast.adam, cast.alice)))
    assert answers.count("ok") == 1
    assert desk.decisions(operation) == ["send_again"]


@pytest.mark.django_db(transaction=True)
def test_two_who_confirm_at_once_send_it_once(desk, cast):
    operation = desk.troubled(cast.bob, costs_money=True)
    question = decide(desk, operation, decisions.send_again, cast.bob)
    confirm = [lambda who=who: decisions.confirm(question, acting_user=who) for who in (cast.adam, cast.alice)]
    assert at_once(desk, *confirm).count("ok") == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("round_number", range(5))
def test_cancelled_and_never_sent_or_sent_and_not_cancelled(desk, cast, desk_server, round_number):
    operation = desk.promise(cast.bob)
    ready, answer = threading.Barrier(2), []

    def cancel():
        ready.wait()
        try:
            with desk.scope():
                decisions.cancel(operation, acting_user=cast.bob)
            answer.append("cancelled")
        except NotPossible:
            answer.append("left already")
        finally:
            connection.close()

    person = threading.Thread(target=cancel)
    person.start()
    ready.wait()
    engine.run_lane(desk.tenant.pk, desk.connection.pk, "door")
    person.join()
    expected = {"cancelled": (Status.CANCELLED, 0), "left already": (Status.DONE, 1)}
    assert (desk.now(operation).status, len(desk_server.heard)) == expected[answer[0]]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_waited_for_a_cancellation_sends_nothing(desk, cast, desk_server):
    operation = desk.promise(cast.bob)
    with ThreadPoolExecutor(1) as pool:
        with desk.scope():
            decisions.cancel(operation, acting_user=cast.bob)
            worker = pool.submit(_work_once, desk)
            wait_until(lambda: worker.done() or somebody_waits_for_a_lock())
        worker.result(timeout=10)
    assert desk_server.heard == []
    assert desk.now(operation).status == Status.CANCELLED


@pytest.mark.django_db(transaction=True)
def test_sent_again_by_a_person_it_is_sent_once_more_and_done(desk, cast, desk_server):
    operation = desk.troubled(cast.bob)
    decide(desk, operation, decisions.send_again, cast.bob)
    engine.run_lane(desk.tenant.pk, desk.connection.pk, "door")
    engine.run_lane(desk.tenant.pk, desk.connection.pk, "door")
    assert len(desk_server.heard) == 1
    assert desk.now(operation).status == Status.DONE


def _work_once(desk) -> None:
    try:
        engine.run_lane(desk.tenant.pk, desk.connection.pk, "door")
    finally:
        connection.close()
