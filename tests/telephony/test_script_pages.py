"""The pages of call scripts: who may do what, and what a page says."""

import re

import pytest
from django.urls import reverse

from portal.tenancy.scope import tenant_scope
from telephony.scripts import authoring
from telephony.scripts.models import CallScript, ScriptCase
from tests.provisioning.pages import text_of
from tests.telephony.scripting import BROKEN, GOODBYE, HELLO, again, made, publish, published, written

ADDRESS = re.compile(r"/scripts/[A-Za-z0-9_-]{43}")
# The statement that puts an outer scope back, which only a test has.
PUT_BACK = 1
LIST = "/t/acme/telephony/scripts/"


@pytest.fixture
def bob(client, cast):
    client.force_login(cast.bob)
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"telephony:{name}", args=["acme", *args])


def key_in(page) -> dict[str, str]:
    found = re.search(r'name="form_key" value="([0-9a-f-]{36})"', page.content.decode())
    return {"form_key": found[1]}


def sent(client, address: str, page: str = "", **values):
    """The form of `page` (the address itself where it is left out), filled in and sent; the page that follows."""
    return client.post(address, key_in(client.get(page or address)) | values, follow=True)


def save(client, script: CallScript, text: str, seen: int = 1, **more):
    values = {"text": text, "seen": seen, "why": "", "save": "1"} | more
    return sent(client, url("script_save", script.pk), url("script", script.pk), **values)


def test_an_empty_list_says_what_a_script_is_for(bob):
    page = text_of(bob.get(LIST))
    assert "No call scripts yet" in page
    assert "Write the first one" in page


def test_a_script_is_begun_with_a_starter(bob, cast):
    page = sent(bob, url("script_new"), name="Night", starter="greeting")
    assert "“Night” is there" in text_of(page)
    with tenant_scope(cast.acme.pk):
        assert "We are closed now" in CallScript.objects.get().versions.get().text


def test_a_name_that_is_taken_is_told_and_nothing_is_made(bob, cast):
    made(cast, name="Night")
    answer = sent(bob, url("script_new"), name="night", starter="greeting")
    assert answer.status_code == 422
    assert "Another script has this name" in text_of(answer)


def test_what_is_written_is_kept_and_not_published(bob, cast):
    script = made(cast)
    page = save(bob, script, GOODBYE, why="Closed at night")
    assert "Version 2 is kept" in text_of(page)
    assert "Closed at night" in text_of(page)
    assert again(cast, script).published is None


def test_save_and_publish_does_both(bob, cast):
    script = made(cast)
    page = save(bob, script, GOODBYE, publish="1")
    assert "Calls get version 2 from now on" in text_of(page)
    assert again(cast, script).published.number == 2


def test_a_script_with_errors_is_kept_and_not_published_and_its_lines_are_named(bob, cast):
    script = published(cast)
    page = save(bob, script, BROKEN, publish="1")
    text = text_of(page)
    assert "has errors, so it was not published" in text
    assert "1 error: the script cannot be published." in text
    assert "Line 1" in text
    assert (again(cast, script).published.number, again(cast, script).latest) == (1, 2)


def test_who_was_slower_sees_what_differs_and_may_save_upon_it(bob, cast):
    script = made(cast)
    written(cast, script, GOODBYE)
    answer = save(bob, script, "<document><work><hangup/></work></document>")
    assert answer.status_code == 422
    text = text_of(answer)
    assert "Bob has made version 2 meanwhile" in text
    assert "What yours changes in that version" in text
    assert 'name="seen" value="2"' in answer.content.decode()


def test_the_text_is_checked_while_it_is_written_and_nothing_is_kept(bob, cast):
    script = made(cast)
    answer = bob.post(
        url("script_check", script.pk), {"text": "<document>\n<work>\n<wait>x</wait>\n</work></document>"}
    )
    assert "Line 3" in text_of(answer)
    assert again(cast, script).latest == 1


def test_a_test_case_is_kept_tried_and_deleted(bob, cast):
    script = made(cast)
    address = url("script_case_new", script.pk)
    assert "caller_id_number = 101" in bob.get(f"{address}?call=sip").content.decode()
    values = {"name": "From a phone", "parameters": "caller_id_number = 101", "expects": "Hello 101\n<hangup/>"}
    page = sent(bob, address, **values)
    assert "Test case “From a phone” fails" in text_of(page)
    assert "&lt;hangup/&gt;" in page.content.decode()
    with tenant_scope(cast.acme.pk):
        case = ScriptCase.objects.get()
    page = sent(bob, url("script_case", script.pk, case.pk), **values | {"name": "Phone", "expects": "Hello 101"})
    assert "Passes" in text_of(page)
    with tenant_scope(cast.acme.pk):
        case = ScriptCase.objects.get()
        assert case.name == "Phone"
    bob.post(url("script_case_delete", script.pk, case.pk))
    with tenant_scope(cast.acme.pk):
        assert not ScriptCase.objects.exists()


@pytest.mark.parametrize("line", ["no equals sign", "Name=x", "=x", f"a={'x' * 600}"])
def test_a_parameter_that_is_none_is_named_by_its_line(bob, cast, line):
    answer = sent(bob, url("script_case_new", made(cast).pk), name="x", parameters=f"a = 1\n\n{line}", expects="x")
    assert "Line 3 is no parameter" in text_of(answer)


def test_versions_are_compared_and_rolled_back_to(bob, cast):
    script = published(cast)
    written(cast, script, HELLO.replace("<answer/>", "<answer/>\n<wait>1</wait>\n"))
    publish(cast, script)
    page = text_of(bob.get(url("script_compare", script.pk, 2)))
    assert "What has changed since version 1" in page
    assert "<wait>1</wait>" in bob.get(url("script_compare", script.pk, 2)).context["version"].text
    page = bob.post(url("script_publish", script.pk, 1), follow=True)
    assert "Calls get version 1 from now on" in text_of(page)


@pytest.mark.parametrize("other", ["0", "99", "x", "-1", "9999999999", "²"])
def test_a_version_that_there_is_not_is_not_found(bob, cast, other):
    script = made(cast)
    assert bob.get(url("script_compare", script.pk, 1), {"with": other}).status_code in (200, 404)
    assert bob.get(f"{url('script', script.pk)}versions/{other}/").status_code == 404


def test_the_address_is_shown_on_request_only_and_that_is_on_record(bob, cast):
    script = published(cast)
    assert not ADDRESS.search(bob.get(url("script", script.pk)).content.decode())
    page = bob.post(url("script_address", script.pk))
    with tenant_scope(cast.acme.pk):
        path = authoring.path_of(CallScript.objects.get())
    assert f"http://testserver{path}" in page.content.decode()
    assert "Address of a call script shown" in text_of(bob.get(url("script", script.pk)))


def test_a_new_address_and_publishing_no_more_ask_for_a_reason(bob, cast):
    script = published(cast)
    for name, done in (
        ("script_address_change", "has a new address"),
        ("script_withdraw", "Calls do not get this script any more"),
    ):
        address = url(name, script.pk)
        assert sent(bob, address, reason="").status_code == 422
        assert done in text_of(sent(bob, address, reason="It was in a mail"))
    assert again(cast, script).published is None


def test_a_script_is_deleted_by_typing_its_name(bob, cast):
    script = published(cast)
    address = url("script_delete", script.pk)
    assert bob.post(address, {"typed": "something"}).status_code == 422
    assert "is deleted" in text_of(bob.post(address, {"typed": "reception"}, follow=True))
    assert bob.get(url("script", script.pk)).status_code == 404


def test_viewers_read_and_change_nothing(client, cast):
    script = published(cast)
    client.force_login(cast.vera)
    page = client.get(url("script", script.pk))
    assert HELLO[:20] in page.context["latest"].text
    assert "Save" not in text_of(page)
    for name in ("script_save", "script_check", "script_address"):
        assert client.post(url(name, script.pk)).status_code == 403
    assert client.post(url("script_publish", script.pk, 1)).status_code == 403


def test_strangers_find_nothing(client, cast):
    script = published(cast)
    client.force_login(cast.charlie)
    assert client.get(url("script", script.pk)).status_code == 404
    assert client.get(reverse("telephony:script", args=["globex", script.pk])).status_code == 404
    assert client.post(reverse("telephony:script_address", args=["globex", script.pk])).status_code == 404


def test_pages_ask_few_questions_at_any_number_of_versions(bob, cast, django_assert_max_num_queries):
    script = published(cast)
    for number in range(30):
        written(cast, script, HELLO + "\n" * (number + 1))
        made(cast, name=f"Script {number}")
    for address in (LIST, url("script", script.pk), url("script_compare", script.pk, 2)):
        with django_assert_max_num_queries(12 + PUT_BACK):
            assert bob.get(address).status_code == 200
