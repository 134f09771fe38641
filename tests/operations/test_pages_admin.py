"""Operations in the Django admin: all tenants, nothing to edit, the same decisions with the same rules."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from portal.audit.models import Entry
from portal.operations import decisions
from portal.operations.models import Decision, Operation, Status
from portal.tenancy.scope import staff_scope
from tests.fixtures.cast import sign_in_with_second_factor
from tests.operations.desk import KNOCK

pytestmark = pytest.mark.django_db

LIST = "/admin/operations/operation/"
DECISIONS = "/admin/operations/decision/"
REASON = "The vendor's support said so."


@pytest.fixture
def sue(client, cast):
    sign_in_with_second_factor(client, cast.sue)
    return client


def choose(client, action: str, *operations: Operation, **answers):
    """Choose rows and an action in the list; with `answers`, fill in the page that asks for the reason too."""
    chosen = {"action": action, "_selected_action": [operation.pk for operation in operations]}
    page = client.post(LIST, {**chosen, "index": 0})
    if not answers:
        return page
    key = re.search(r'name="form_key" value="([^"]+)"', page.text).group(1)
    return client.post(LIST, {**chosen, "decided": "yes", "form_key": key, **answers}, follow=True)


def test_operations_of_all_tenants_are_found(sue, desk, globex_desk, cast):
    desk.promise(cast.bob, "Acme knocks")
    globex_desk.promise(cast.charlie, "Globex knocks")
    page = sue.get(LIST).text
    assert "Acme knocks" in page
    assert "Globex knocks" in page
    found = sue.get(f"{LIST}?q=globex&status__exact=waiting&kind={KNOCK.name}").text
    assert ("Globex knocks" in found, "Acme knocks" in found) == (True, False)


def test_an_operation_is_shown_with_attempts_and_decisions_and_cannot_be_edited(sue, desk, cast):
    operation = desk.troubled(cast.bob, costs_money=True)
    with desk.scope():
        decisions.send_again(operation, reason="Nobody heard it.", acting_user=cast.adam)
    url = f"{LIST}{operation.pk}/change/"
    page = sue.get(url).text
    assert "The desk does not tell." in page
    assert "Nobody heard it." in page
    assert 'name="_save"' not in page
    assert sue.post(url, {"status": "done"}).status_code == 403
    assert sue.post(f"{LIST}{operation.pk}/delete/", {"post": "yes"}).status_code == 403
    assert sue.get(f"{LIST}add/").status_code == 403
    assert desk.now(operation).status == Status.NEEDS_PERSON


@pytest.mark.parametrize("model", ["operation", "attempt", "decision"])
def test_lists_open_and_search(sue, desk, cast, model):
    operation = desk.troubled(cast.bob, costs_money=True)
    with desk.scope():
        decisions.send_again(operation, reason="Nobody heard it.", acting_user=cast.adam)
    page = sue.get(f"/admin/operations/{model}/?q=Knock")
    assert page.status_code == 200
    assert "Knock once" in page.text


@pytest.mark.parametrize(
    ("action", "status"),
    [("look_again", Status.UNKNOWN), ("send_again", Status.WAITING), ("give_up", Status.CANCELLED)],
)
def test_an_action_asks_for_the_reason_and_does_what_the_page_does(sue, desk, cast, action, status):
    operation = desk.troubled(cast.bob)
    assert "Knock once" in choose(sue, action, operation).text
    assert choose(sue, action, operation, reason="").status_code == 422
    assert desk.now(operation).status == Status.NEEDS_PERSON
    choose(sue, action, operation, reason=REASON)
    assert desk.now(operation).status == status
    with desk.scope():
        entry = Entry.objects.get(action=f"operations.{action}_decided")
        assert (entry.actor, entry.reason) == (cast.sue, REASON)


def test_one_that_moved_on_does_not_stop_the_others(sue, desk, cast):
    waiting, troubled = desk.promise(cast.bob, "Waits", lane="back"), desk.troubled(cast.bob)
    answer = choose(sue, "give_up", waiting, troubled, reason=REASON)
    assert "Waits: nothing was done." in answer.text
    assert desk.now(waiting).status == Status.WAITING
    assert desk.now(troubled).status == Status.CANCELLED


def test_more_than_a_person_can_read_are_not_decided_at_once(sue, desk, cast):
    many = [desk.promise(cast.bob, lane=str(number)) for number in range(51)]
    page = choose(sue, "give_up", *many)
    assert page.status_code == 302
    assert "at most 50" in sue.get(LIST).text


def test_support_confirms_as_the_second_person_but_not_what_it_asked_itself(sue, desk, cast):
    own, adams = (desk.troubled(cast.bob, lane=lane, costs_money=True) for lane in ("own", "adams"))
    choose(sue, "send_again", own, reason=REASON)
    with desk.scope():
        decisions.send_again(adams, reason=REASON, acting_user=cast.adam)
    with staff_scope():
        questions = list(Decision.objects.values_list("pk", flat=True))
    answer = sue.post(DECISIONS, {"action": "confirm", "_selected_action": questions, "index": 0}, follow=True)
    assert "You asked for this yourself" in answer.text
    assert desk.now(own).status == Status.NEEDS_PERSON
    assert desk.now(adams).status == Status.WAITING


def test_awaited_questions_can_be_listed_and_withdrawn(sue, desk, cast):
    operation = desk.troubled(cast.bob, costs_money=True)
    with desk.scope():
        question = decisions.send_again(operation, reason=REASON, acting_user=cast.adam)
    assert "Knock once" in sue.get(f"{DECISIONS}?second=awaited").text
    sue.post(DECISIONS, {"action": "withdraw", "_selected_action": [question.pk], "index": 0})
    assert "Knock once" not in sue.get(f"{DECISIONS}?second=awaited").text.partition("result_list")[2]


def test_the_journal_is_never_counted_to_its_end(sue, desk, cast):
    desk.promise(cast.bob)
    with CaptureQueriesContext(connection) as queries:
        sue.get(LIST)
    counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and "operations_operation" in query["sql"]]
    assert counts
    assert all("LIMIT" in sql for sql in counts)


@pytest.mark.parametrize("rows", [3, 60])
def test_the_list_takes_as_many_queries_for_many_rows(sue, desk, cast, rows, django_assert_max_num_queries):
    for number in range(rows):
        desk.promise(cast.bob, lane=str(number))
    with django_assert_max_num_queries(12):
        sue.get(LIST)
