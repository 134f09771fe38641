"""Importing subscribers from a file: checked, shown, started once, done once each."""

from uuid import uuid4

import pytest
from django.utils import timezone

from portal.audit.models import Entry
from portal.bulk.models import Batch
from portal.operations.models import Operation
from provisioning.operations import create_subscriber

pytestmark = pytest.mark.django_db(transaction=True)

TAKEN = "subscriber_created"
NEXT_YEAR = timezone.now().year + 1
PEOPLE = f"Username;Ends\nnoor;\nsam;{NEXT_YEAR}-12-31 17:00\nanna;\n"


def usernames(office) -> set[str]:
    return {effect["facts"]["username"] for effect in office.video.control.ledger(office.video.client_id, kind=TAKEN)}


def test_a_file_becomes_subscribers(office):
    batch = office.checked(PEOPLE)
    assert (batch.state, batch.total, batch.good, batch.bad) == ("ready", 3, 3, 0)
    assert "Start with 3 rows" in office.page(batch)
    office.press("start", batch)
    batch = office.finish()
    assert batch.state == "done"
    assert batch.outcomes == {"done": 3}
    assert usernames(office) == {"noor", "sam", "anna"}
    with office.video.scope():
        sam = next(each for each in office.video.subscribers() if each.username == "sam")
        assert sam.ends_at.isoformat() == f"{NEXT_YEAR}-12-31T16:00:00+00:00"


def test_nothing_is_promised_before_the_start(office):
    office.checked(PEOPLE)
    office.finish()
    with office.video.scope():
        assert not Operation.objects.filter(kind="provisioning.create_subscriber").exists()


def test_each_bad_row_is_named_by_line_and_reason(office, cast):
    with office.video.scope():
        create_subscriber(office.video.product, "Anna", acting_user=cast.bob)
    batch = office.checked(
        "name,ends\n"
        "noor,\n"
        "anna,\n"
        "j\u00f6rg,\n"
        "two words,\n"
        "NOOR,\n"
        "sam,1999-01-01 12:00\n"
        "max,soon\n"
        f",{NEXT_YEAR}-01-01 12:00\n"
        f"{'x' * 65},\n"
        "bell\x07,\n"
    )
    reasons = office.reasons(batch)
    assert reasons[3] == "There is a subscriber “anna” already."
    assert reasons[4].startswith("Use only the letters A to Z")
    assert reasons[5].startswith("Use only the letters A to Z")
    assert reasons[6] == "The same as line 2, “NOOR”."
    assert reasons[7] == "The end must be in the future."
    assert reasons[8] == "“soon” is no day and time; write it like 2030-12-31 17:00."
    assert reasons[9] == "“Username” is empty."
    assert reasons[10] == "The username is longer than 64 characters."
    assert reasons[11] == "Remove the control characters from this text."
    assert (batch.good, batch.bad) == (1, 9)
    page = office.page(batch)
    assert "The same as line 2" in page


def test_bad_rows_come_back_as_a_file_that_can_be_mended_and_sent_again(office):
    batch = office.checked("Team;Username\nred;noor\nblue;=evil\n'=green;j\u00f6rg\n")
    answer = office.client.get(office.url("to_mend", batch.pk))
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "Team;Username;Line;Reason"
    assert lines[1].startswith("blue;'=evil;3;Use only")
    assert lines[2].startswith("'=green;jörg;4;Use only")
    mended = answer.content.decode("utf-8-sig").replace("jörg", "joerg").replace("'=evil", "evil")
    again = office.checked(mended.encode())
    assert office.reasons(again) == {}
    assert [row.label for row in office.rows(again)] == ["evil", "joerg"]


def test_duplicates_are_found_across_chunks(office, monkeypatch):
    monkeypatch.setattr("portal.bulk.checking.CHUNK", 2)
    batch = office.checked("username\nnoor\nsam\nanna\nNoor\nsam\nmax\n")
    assert office.reasons(batch) == {5: "The same as line 2, “Noor”.", 6: "The same as line 3, “sam”."}


def test_a_duplicate_of_a_bad_row_is_no_duplicate(office):
    batch = office.checked("username,ends\nnoor,soon\nnoor,\n")
    assert office.states(batch) == {2: "bad", 3: "good"}


def test_other_columns_can_be_chosen_and_the_rows_are_checked_again(office):
    batch = office.checked("username,alias\nj\u00f6rg,joerg\nzo\u00eb,zoe\n")
    assert batch.bad == 2
    office.tell(batch, column_username="1")
    office.work()
    batch = office.batch()
    assert (batch.state, batch.good, batch.bad) == ("ready", 2, 0)
    assert office.reasons(batch) == {}


def test_one_column_is_one_value(office):
    office.upload("username\nnoor\n")
    answer = office.tell(office.batch(), column_username="0", column_ends_at="0")
    assert answer.status_code == 422
    assert "used for another value already" in answer.content.decode()


def test_a_required_column_must_be_chosen(office):
    office.upload("what,ever\n1,2\n")
    answer = office.tell(office.batch())
    assert answer.status_code == 422
    assert office.batch().state == "details"


# --- Once ---------------------------------------------------------------------------------------------------------


def test_the_same_form_sent_twice_is_one_batch(office):
    key = uuid4()
    assert office.upload(PEOPLE, form_key=key)["Location"] == office.upload(PEOPLE, form_key=key)["Location"]
    with office.video.scope():
        assert Batch.objects.count() == 1


def test_start_pressed_twice_starts_once(office):
    batch = office.checked(PEOPLE)
    office.press("start", batch)
    answer = office.client.post(office.url("start", batch.pk), {"form_key": str(uuid4())}, follow=True)
    assert "started already" in answer.content.decode()
    assert office.finish().outcomes == {"done": 3}
    assert len(office.video.subscribers()) == 3
    with office.video.scope():
        assert Entry.objects.filter(action="bulk.started").count() == 1


def test_a_start_without_a_key_is_refused(office):
    batch = office.checked(PEOPLE)
    office.client.post(office.url("start", batch.pk))
    assert office.batch().state == "ready"


def test_promises_carry_the_request_and_the_person_of_the_start(office, cast):
    batch = office.checked(PEOPLE)
    answer = office.press("start", batch)
    office.work()
    with office.video.scope():
        asked = Operation.objects.filter(batch_rows__batch=batch)
        assert {each.request_id for each in asked} == {answer["X-Request-Id"]}
        assert {each.created_by_id for each in asked} == {cast.bob.pk}
        assert Entry.objects.filter(action="operations.asked", request_id=answer["X-Request-Id"]).count() == 3


def test_a_step_that_fails_leaves_nothing_and_is_done_again(office, monkeypatch):
    batch = office.checked(PEOPLE)
    office.press("start", batch)
    with monkeypatch.context() as broken:
        broken.setattr("portal.bulk.promising._written_down", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            office.work()
    with office.video.scope():
        assert not Operation.objects.filter(kind="provisioning.create_subscriber").exists()
    assert office.finish().outcomes == {"done": 3}
    assert len(office.video.subscribers()) == 3


# --- Products run out ---------------------------------------------------------------------------------------------


def test_the_preview_tells_what_is_missing_and_what_ordering_it_would_do(office):
    batch = office.checked("username\n" + "".join(f"user{n}\n" for n in range(23)))
    page = office.page(batch)
    assert "3 rows will wait until products are free" in page
    assert "to 23" in page
    assert "type=increment&amp;quantity=3" in page


def test_rows_wait_for_free_products_and_go_on_by_themselves(office):
    batch = office.checked("username\n" + "".join(f"user{n}\n" for n in range(23)))
    office.press("start", batch)
    office.work()
    batch = office.batch()
    assert (batch.state, batch.promised, batch.left) == ("running", 20, 3)
    page = office.page(batch)
    assert "No product is free" in page
    assert "3 rows are not asked for yet" in page
    office.video.work()
    office.video.control.order_behind(office.video.client_id, "increment", 2)
    office.video.sync()
    batch = office.finish()
    assert (batch.state, batch.promised, batch.left) == ("running", 22, 1)
    office.video.control.order_behind(office.video.client_id, "increment", 5)
    office.video.sync()
    batch = office.finish()
    assert (batch.state, batch.outcomes) == ("done", {"done": 23})
    assert batch.waits_for == {}
    assert len(usernames(office)) == 23


def test_a_name_taken_after_the_check_is_refused_and_can_be_downloaded(office, cast):
    batch = office.checked(PEOPLE)
    with office.video.scope():
        create_subscriber(office.video.product, "sam", acting_user=cast.bob)
    office.press("start", batch)
    batch = office.finish()
    assert (batch.state, batch.promised, batch.refused) == ("done", 2, 1)
    assert office.reasons(batch) == {3: "There is a subscriber “sam” already."}
    assert (
        f"sam;{NEXT_YEAR}-12-31 17:00;3;There is" in office.client.get(office.url("to_mend", batch.pk)).content.decode()
    )


def test_a_row_that_the_vendor_refused_can_be_downloaded_with_its_words(office):
    batch = office.checked(PEOPLE)
    office.press("start", batch)
    office.work()
    office.video.control.add_fault("status", status=400, method="POST", path="/subscriber", times=1)
    batch = office.finish()
    assert batch.outcomes == {"done": 2, "refused": 1}
    text = office.client.get(office.url("to_mend", batch.pk)).content.decode("utf-8-sig")
    assert len(text.splitlines()) == 2
    assert text.splitlines()[1].startswith("noor;;2;")


# --- Taking back --------------------------------------------------------------------------------------------------


def test_half_way_only_what_has_not_left_is_taken_back(office):
    batch = office.checked("username\n" + "".join(f"user{n}\n" for n in range(23)))
    office.press("start", batch)
    office.work()
    with office.video.scope():
        tenant, connection, lane = Operation.objects.filter(batch_rows__batch=batch).values_list(
            "tenant_id", "connection_id", "lane"
        )[0]
    from portal.operations import engine

    for _ in range(4):
        engine.carry_out(engine.claim(tenant, connection, lane))
    office.press("undo", office.batch())
    batch = office.finish()
    assert batch.state == "undone"
    assert batch.undone == 3
    assert batch.outcomes == {"done": 4, "cancelled": 16}
    assert usernames(office) == {f"user{n}" for n in range(4)}
    assert "4 were done already and stay" in office.page(batch)
    with office.video.scope():
        assert Entry.objects.filter(action="bulk.undo_asked").count() == 1


def test_what_is_done_cannot_be_taken_back(office):
    batch = office.checked(PEOPLE)
    office.press("start", batch)
    office.finish()
    office.press("undo", batch)
    assert office.batch().state == "done"


def test_what_was_not_started_is_discarded_with_its_rows(office):
    batch = office.checked(PEOPLE)
    office.press("discard", batch)
    assert office.batch().state == "discarded"
    assert office.rows(batch) == []
    office.press("start", batch)
    assert office.finish().state == "discarded"


def test_what_was_started_cannot_be_discarded(office):
    batch = office.checked(PEOPLE)
    office.press("start", batch)
    office.press("discard", batch)
    assert office.batch().state == "running"
