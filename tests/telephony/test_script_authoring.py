"""Versions stay, only what passes is published, and an older version is rolled back to."""

import pytest
from django.db import DatabaseError, connection, transaction

from portal.audit.models import Entry
from portal.tenancy.scope import tenant_scope
from telephony.scripts import authoring
from telephony.scripts.authoring import NameTaken, NotPublished, TooLong, TooMany, WrittenMeanwhile
from telephony.scripts.checking import MAX_CHARACTERS
from telephony.scripts.differing import differences
from telephony.scripts.models import CallScript, ScriptVersion
from tests.telephony.scripting import BROKEN, GOODBYE, HELLO, again, made, publish, published, written


@pytest.fixture(autouse=True)
def _fresh(cast):
    return cast


def acts_of(cast, script) -> list[str]:
    with tenant_scope(cast.acme.pk):
        entries = Entry.objects.filter(object_id=str(script.pk), action__startswith="telephony.").order_by("pk")
        return [entry.action.removeprefix("telephony.script_") for entry in entries]


def keep_case(cast, script, expects, name="From outside", **parameters):
    with tenant_scope(cast.acme.pk):
        return authoring.keep_case(script, name, parameters, expects, acting_user=cast.bob)


def test_a_new_script_has_one_version_and_nothing_is_published(cast):
    script = again(cast, made(cast))
    assert (script.latest, script.published, script.condition) == (1, None, "script_draft")
    assert acts_of(cast, script) == ["created"]


def test_each_text_is_a_version_that_stays(cast):
    script = made(cast)
    assert written(cast, script, GOODBYE, why="Closed at night").number == 2
    with tenant_scope(cast.acme.pk):
        kept = list(script.versions.order_by("number").values_list("number", "text", "why", "made_by__name"))
    assert kept == [(1, HELLO, "", "Bob"), (2, GOODBYE, "Closed at night", "Bob")]


def test_the_same_text_is_no_new_version_whatever_its_ends_of_lines(cast):
    script = made(cast, "<document>\n</document>")
    assert written(cast, script, "<document>\r\n</document>").number == 1


@pytest.mark.parametrize(
    "statement", ["update telephony_scriptversion set text = ''", "delete from telephony_scriptversion"]
)
def test_the_database_refuses_to_change_a_version(cast, statement):
    made(cast)
    with pytest.raises(DatabaseError), tenant_scope(cast.acme.pk), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_who_was_slower_overwrites_nothing(cast):
    script = made(cast)
    written(cast, script, GOODBYE)
    with pytest.raises(WrittenMeanwhile, match="version 2 meanwhile"):
        written(cast, script, HELLO + " ", seen=1)
    assert again(cast, script).latest == 2


def test_what_is_published_is_what_was_published(cast):
    script = published(cast)
    written(cast, script, GOODBYE)
    script = again(cast, script)
    assert (script.published.number, script.published_by, script.condition) == (1, cast.bob, "script_changed")


def test_a_script_with_errors_is_not_published(cast):
    script = published(cast)
    written(cast, script, BROKEN)
    with pytest.raises(NotPublished, match="has errors") as refusal:
        publish(cast, script)
    assert [finding.line for finding in refusal.value.checked.errors] == [1]
    assert again(cast, script).published.number == 1


def test_a_failing_test_case_keeps_a_version_from_being_published(cast):
    script = published(cast)
    keep_case(cast, script, ["<hangup/>"])
    with pytest.raises(NotPublished, match="1 test case failed") as refusal:
        publish(cast, script)
    assert refusal.value.tried[0].missing == ["<hangup/>"]
    written(cast, script, GOODBYE)
    publish(cast, script)
    assert again(cast, script).published.number == 2


def test_test_cases_are_tried_with_the_parameters_of_their_call(cast):
    script = made(cast)
    keep_case(cast, script, ["<speak> Hello +31612345678 </speak>"], caller_id_number="+31612345678")
    publish(cast, script)
    assert again(cast, script).published.number == 1


def test_what_a_caller_says_of_itself_cannot_break_the_answer(cast):
    script = made(cast)
    keep_case(cast, script, ["Hello &lt;/speak&gt;"], caller_id_number="</speak><hangup/>")
    publish(cast, script)
    assert again(cast, script).published.number == 1


def test_an_older_version_is_rolled_back_to(cast):
    script = published(cast)
    written(cast, script, GOODBYE)
    publish(cast, script)
    publish(cast, script, number=1)
    assert again(cast, script).published.number == 1
    assert acts_of(cast, script) == ["created", "published", "written", "published", "published"]


def test_a_name_is_given_once_whatever_its_capitals_until_its_script_is_deleted(cast):
    script = made(cast, name="Reception")
    with pytest.raises(NameTaken):
        made(cast, name="RECEPTION")
    with tenant_scope(cast.acme.pk):
        authoring.delete_script(script, acting_user=cast.bob)
    made(cast, name="RECEPTION")


def test_another_company_may_use_the_same_name(cast):
    made(cast)
    with tenant_scope(cast.globex.pk):
        authoring.create_script(cast.globex, "Reception", HELLO, acting_user=cast.charlie)
        assert CallScript.objects.count() == 1


def test_there_is_an_end_to_scripts_and_to_test_cases(cast, monkeypatch):
    monkeypatch.setattr(authoring, "MAX_SCRIPTS", 1)
    monkeypatch.setattr(authoring, "MAX_CASES", 1)
    script = made(cast)
    with pytest.raises(TooMany):
        made(cast, name="Another")
    keep_case(cast, script, ["Hello"])
    keep_case(cast, script, ["Hello"])
    with pytest.raises(TooMany):
        keep_case(cast, script, ["Hello"], name="From inside")


def test_a_text_that_is_too_long_is_not_kept(cast):
    with pytest.raises(TooLong):
        made(cast, "x" * (MAX_CHARACTERS + 1))
    with tenant_scope(cast.acme.pk):
        assert not ScriptVersion.objects.exists()


def test_addresses_cannot_be_guessed_and_are_sealed(cast):
    first, second = made(cast), made(cast, name="Another")
    secret = first.address.reveal()
    assert len(secret) == 43
    assert secret != second.address.reveal()
    with tenant_scope(cast.acme.pk), connection.cursor() as cursor:
        cursor.execute("select telephony_callscript::text from telephony_callscript")
        assert not any(secret in row for (row,) in cursor.fetchall())


def test_differences_are_told_by_line():
    before, after = "a\nb\nc\nd\ne\nf\ng", "a\nb\nc\nd\ne\nF\ng\nh"
    told = [(line.kind, line.text, line.before, line.after) for line in differences(before, after)]
    assert told == [
        ("skipped", "", None, None),
        ("same", "c", 3, 3),
        ("same", "d", 4, 4),
        ("same", "e", 5, 5),
        ("gone", "f", 6, None),
        ("new", "F", None, 6),
        ("same", "g", 7, 7),
        ("new", "h", None, 8),
    ]
    assert differences(before, before) == []
