"""The page of the external script: who may do what, and what is asked before calls get something else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.urls import reverse

from portal.audit.models import Entry
from portal.notices.models import Notice
from telephony.models import ScriptTrial
from telephony.scripts import authoring
from telephony.scripts.addresses import public_address
from tests.provisioning.pages import text_of
from tests.telephony.scripting import again_with_address, made, published

ELSEWHERE = "https://calls.example.com/night.xml?key=topsecret"
PAGE = "/t/acme/telephony/script/"


@pytest.fixture
def bob(client, cast, telephone):
    client.force_login(cast.bob)
    return client


@pytest.fixture
def night(telephone):
    """Set at the vendor, and read."""
    telephone.control.set_script_behind(telephone.client_id, ELSEWHERE, "Night")
    telephone.sync()
    return telephone.script()


def url(name: str, *args: object) -> str:
    return reverse(f"telephony:{name}", args=["acme", *args])


def filled(**values: str) -> dict[str, str]:
    return {"form_key": str(uuid4()), "source": "elsewhere", "url": "", "name": "", "parameters": ""} | values


def test_without_a_connection_the_page_says_what_one_is_for(client, cast):
    client.force_login(cast.vera)
    for name in ("external_script", "external_script_now"):
        assert "No telephony connection yet" in text_of(client.get(url(name)))


def test_a_hosted_script_is_set_and_followed(bob, cast, telephone):
    hosted = published(cast)
    made(cast, name="Draft")
    form = bob.get(url("external_script_set"))
    assert "Reception" in form.content.decode()
    assert "Draft" not in form.content.decode(), "calls would get nothing from it"
    assert "This replaces the only script" not in text_of(form)
    page = bob.post(url("external_script_set"), filled(source=str(hosted.pk)), follow=True)
    assert "The vendor is being told the new script" in text_of(page)
    assert 'hx-trigger="every 2s"' in page.content.decode()
    telephone.work()
    page = bob.get(PAGE)
    assert "served by this portal" in text_of(page)
    assert "every 2s" not in page.content.decode()
    assert telephone.truth()["script"]["url"] == public_address(again_with_address(cast, hosted))


def test_a_change_that_ends_while_its_page_is_read_is_shown_or_asked_for_again(bob, telephone):
    assert bob.post(url("external_script_set"), filled(url=ELSEWHERE)).status_code == 302
    with working_after_the_first_look(telephone, "telephony_externalscript", "operations_operation"):
        page = bob.get(url("external_script_now")).content.decode()
    assert telephone.script() is not None
    assert "<code>calls.example.com/night.xml</code>" in page or "every 2s" in page


@contextmanager
def working_after_the_first_look(telephone, *tables: str) -> Iterator[None]:
    """The worker does all its work when the first of these tables has been read, and before the next one is."""
    looked: list[str] = []

    def look(execute, sql, params, many, context):
        found = execute(sql, params, many, context)
        if not looked and any(f'FROM "{table}"' in sql or f'JOIN "{table}"' in sql for table in tables):
            looked.append(sql)
            worker = Thread(target=worked)
            worker.start()
            worker.join()
        return found

    def worked() -> None:
        telephone.work()
        connections.close_all()

    with connection.execute_wrapper(look):
        yield
    assert looked


def test_what_is_set_is_replaced_only_after_typing_the_connections_name(bob, telephone, night):
    form = bob.get(url("external_script_set"))
    assert "This replaces the only script" in text_of(form)
    assert "calls.example.com/night.xml" in text_of(form)
    wanted = filled(url="https://calls.example.com/day.xml")
    for typed in ("", "something else"):
        assert bob.post(url("external_script_set"), wanted | {"typed": typed}).status_code == 422
    telephone.work()
    assert telephone.truth()["script"]["url"] == ELSEWHERE
    assert bob.post(url("external_script_set"), wanted | {"typed": telephone.connection.name}).status_code == 302
    telephone.work()
    assert telephone.truth()["script"]["url"] == "https://calls.example.com/day.xml"


def test_the_same_form_sent_twice_is_one_change(bob, telephone):
    form = filled(url=ELSEWHERE)
    for _ in range(2):
        assert bob.post(url("external_script_set"), form).status_code == 302
    telephone.work()
    assert telephone.effects("script_created") == 1
    assert "This form was sent before" in text_of(bob.get(url("external_script")))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"url": "https://10.0.0.8/a"}, "private network"),
        ({"url": ""}, "no address of a service"),
        ({"source": "999999"}, "Select a valid choice"),
        ({"source": "current"}, "Select a valid choice"),
    ],
)
def test_bad_input_is_told_and_nothing_is_asked_for(bob, telephone, settings, values, words):
    settings.VENDOR_ALLOW_INSECURE_URLS = False
    answer = bob.post(url("external_script_set"), filled(**values))
    assert answer.status_code == 422
    assert words in text_of(answer)
    telephone.work()
    assert telephone.truth()["script"] is None


def test_an_address_elsewhere_is_shown_without_what_may_be_a_key(bob, telephone, night):
    assert "calls.example.com/night.xml" in text_of(bob.get(PAGE))
    for address in (PAGE, url("external_script_set"), url("external_script_delete"), url("script_trial_new")):
        assert "topsecret" not in bob.get(address).content.decode()


def addresses_shown(telephone) -> list[Entry]:
    with telephone.scope():
        return list(Entry.objects.filter(action="telephony.external_address_shown"))


def test_the_whole_address_is_shown_on_request_once_and_on_record(bob, cast, telephone, night):
    assert "Show the whole address" in text_of(bob.get(PAGE))
    asked = {"form_key": str(uuid4())}
    answer = bob.post(url("external_script_address"), asked)
    assert ELSEWHERE in text_of(answer)
    assert "no-store" in answer["Cache-Control"]
    assert bob.post(url("external_script_address"), asked).status_code == 302, "a reload does not show it again"
    assert bob.get(url("external_script_address")).status_code == 302
    (entry,) = addresses_shown(telephone)
    assert (entry.actor, entry.object_label) == (cast.bob, "Night")
    assert "topsecret" not in f"{entry.before}{entry.after}{entry.reason}"


def test_the_address_comes_as_the_pages_own_piece_where_only_that_is_asked_for(bob, night):
    answer = bob.post(url("external_script_address"), {"form_key": str(uuid4())}, headers={"HX-Request": "true"})
    assert ELSEWHERE in text_of(answer)
    assert "<html" not in answer.content.decode()


def test_an_address_of_this_portal_is_not_shown_there(bob, cast, telephone):
    hosted = again_with_address(cast, published(cast))
    with_secret = public_address(hosted)
    for address in (with_secret, with_secret + "x"):
        telephone.control.set_script_behind(telephone.client_id, address)
        telephone.sync()
        assert "Show the whole address" not in text_of(bob.get(PAGE))
        answer = bob.post(url("external_script_address"), {"form_key": str(uuid4())}, follow=True)
        assert "no address elsewhere to show" in text_of(answer)
        assert with_secret not in answer.content.decode()
    assert addresses_shown(telephone) == []


def test_viewers_are_not_offered_the_address_and_get_none(client, cast, telephone, night):
    client.force_login(cast.vera)
    assert "Show the whole address" not in text_of(client.get(PAGE))
    assert client.post(url("external_script_address"), {"form_key": str(uuid4())}).status_code == 403
    assert addresses_shown(telephone) == []


def test_the_script_is_deleted_by_typing(bob, telephone, night):
    page = bob.get(url("external_script_delete"))
    key = re.search(r'name="form_key" value="([0-9a-f-]{36})"', page.content.decode())[1]
    assert bob.post(url("external_script_delete"), {"form_key": key, "typed": "x"}).status_code == 422
    bob.post(url("external_script_delete"), {"form_key": key, "typed": telephone.connection.name})
    telephone.work()
    assert telephone.truth()["script"] is None
    assert "The domain has no external script" in text_of(bob.get(PAGE))
    assert bob.get(url("external_script_delete")).status_code == 302


def test_a_hosted_script_that_calls_cannot_get_is_told(bob, cast, telephone):
    hosted = again_with_address(cast, published(cast))
    telephone.control.set_script_behind(telephone.client_id, public_address(hosted))
    telephone.sync()
    assert "Calls get no script" not in text_of(bob.get(PAGE))
    for act, words in (
        (authoring.withdraw, "No version of this call script is published"),
        (authoring.change_address, "has a new address, which the vendor has not been told"),
        (authoring.delete_script, "was deleted here"),
    ):
        with telephone.scope():
            act(hosted, reason="x", acting_user=cast.bob)
        assert words in text_of(bob.get(PAGE))
        assert hosted.address.reveal() not in bob.get(PAGE).content.decode()


def test_what_was_changed_at_the_vendor_is_accepted_by_an_admin(client, cast, telephone, night):
    client.force_login(cast.bob)
    assert "Somebody changed the external script" in text_of(client.get(PAGE))
    assert client.post(url("external_script_accept")).status_code == 403
    client.force_login(cast.adam)
    assert "changed at the vendor" in text_of(client.get("/t/acme/notices/"))
    assert "Accepted" in text_of(client.post(url("external_script_accept"), follow=True))
    assert "Somebody changed" not in text_of(client.get(PAGE))
    with telephone.scope():
        assert not Notice.objects.open().exists()


def test_a_test_is_begun_with_a_kind_of_call_and_followed(bob, telephone, night):
    form = bob.get(url("script_trial_new"), {"call": "sip"}).content.decode()
    assert "caller_id_number = 101" in form
    assert "The one that is set now" in form
    values = filled(source="current", parameters="caller_id_number = 101", vendor="1")
    page = bob.post(url("script_trial_new"), values, follow=True)
    assert "The script is being tested" in text_of(page)
    with telephone.scope():
        trial = ScriptTrial.objects.get()
    assert (trial.way, trial.url.reveal(), trial.parameters) == ("vendor", ELSEWHERE, {"caller_id_number": "101"})
    bob.post(url("script_trial_new"), values | {"here": "1"})
    with telephone.scope():
        assert ScriptTrial.objects.latest("pk").way == "here"


def test_the_scripts_address_is_no_parameter(bob, telephone, night):
    answer = bob.post(url("script_trial_new"), filled(source="current", parameters="url = https://x.example"))
    assert "is no parameter of a call" in text_of(answer)


def test_viewers_look_and_strangers_find_nothing(client, cast, telephone, night):
    client.force_login(cast.vera)
    page = text_of(client.get(PAGE))
    assert "calls.example.com" in page
    assert "Test it" not in page
    for name in ("external_script_set", "external_script_delete", "script_trial_new"):
        assert client.get(url(name)).status_code == 403
    client.force_login(cast.charlie)
    assert client.get(PAGE).status_code == 404
    assert "calls.example.com" not in text_of(client.get("/t/globex/telephony/script/"))
