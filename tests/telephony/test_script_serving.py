"""A call gets its script: at once, nobody else's, and also while the cache or the database is away."""

from threading import Event

import pytest
from django.core.cache import caches
from django.db import OperationalError
from django.test import Client

from portal.tenancy.scope import tenant_scope
from telephony.scripts import authoring, shelf
from telephony.scripts.serving import PREFIX
from tests.telephony.scripting import (
    GOODBYE,
    HELLO,
    again_with_address,
    another_process,
    called,
    empty_cache,
    made,
    publish,
    published,
    written,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _each_alone(monkeypatch):
    """On a busy machine a database that is there may take its time; how long a call waits for it is not tested by clocks."""
    monkeypatch.setattr(shelf, "DATABASE_SECONDS", 10)
    with another_process():
        yield


@pytest.fixture
def no_database(monkeypatch):
    """It neither answers nor refuses in time."""
    asked = []

    def away(digest):
        asked.append(digest)
        raise OperationalError("canceling statement due to statement timeout")

    monkeypatch.setattr(shelf, "_published", away)
    return asked


@pytest.fixture
def no_cache(settings):
    settings.CACHES = settings.CACHES | {
        "scripts": settings.CACHES["scripts"] | {"LOCATION": "redis://127.0.0.1:1/0"},
    }


def test_a_call_gets_what_is_published(cast):
    answer = called(cast, published(cast), caller_id_number="+31612345678")
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/xml; charset=utf-8")
    assert answer.content.decode() == HELLO.replace("{{ caller_id_number }}", "+31612345678")
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("no-store", "noindex")
    assert not answer.cookies


def test_the_parameters_may_come_as_a_form(cast):
    path = authoring.path_of(again_with_address(cast, published(cast)))
    answer = Client().post(path, "caller_id_number=101", content_type="application/x-www-form-urlencoded")
    assert b"Hello 101" in answer.content


def test_a_form_that_is_too_large_is_left_out_and_the_call_goes_on(cast):
    path = authoring.path_of(again_with_address(cast, published(cast)))
    form = "caller_id_number=" + "1" * 20_000
    answer = Client().post(path, form, content_type="application/x-www-form-urlencoded")
    assert b"<speak>Hello </speak>" in answer.content


def test_a_caller_cannot_write_xml(cast):
    answer = called(cast, published(cast), caller_id_number='</speak><hangup/>&"\x00')
    assert b"<speak>Hello &lt;/speak&gt;&lt;hangup/&gt;&amp;&quot;</speak>" in answer.content


def test_what_is_only_written_is_not_served(cast):
    script = made(cast)
    assert called(cast, script).status_code == 404
    publish(cast, script)
    written(cast, script, GOODBYE)
    with another_process():
        assert b"Hello" in called(cast, script).content


def test_a_new_version_is_served_as_soon_as_what_was_read_is_not_fresh_any_more(cast, monkeypatch):
    script = published(cast)
    assert b"Hello" in called(cast, script).content
    written(cast, script, GOODBYE)
    publish(cast, script)
    monkeypatch.setattr(shelf, "SECONDS_FRESH", 0)
    assert b"Goodbye" in called(cast, script).content


@pytest.mark.parametrize("secret", ["", "x", "a" * 43, "a" * 44, "../admin", "a" * 42 + "%00", "é" * 43])
def test_an_address_that_is_none_leads_nowhere(cast, secret):
    published(cast)
    answer = Client().get(PREFIX + secret)
    assert (answer.status_code, answer.content) == (404, b"")


def test_deleted_withdrawn_and_former_addresses_lead_nowhere_at_once(cast):
    paths = []
    for number, end in enumerate((authoring.withdraw, authoring.delete_script, authoring.change_address)):
        script = published(cast, name=f"Script {number}")
        paths.append(authoring.path_of(again_with_address(cast, script)))
        assert Client().get(paths[-1]).status_code == 200
        with tenant_scope(cast.acme.pk):
            end(script, reason="not needed", acting_user=cast.bob)
    with another_process():
        assert [Client().get(path).status_code for path in paths] == [404, 404, 404]


def test_the_new_address_serves_what_is_published(cast):
    script = published(cast)
    with tenant_scope(cast.acme.pk):
        authoring.change_address(script, reason="It was in a mail", acting_user=cast.bob)
    assert b"Hello" in called(cast, script).content


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
def test_other_methods_are_refused(cast, method):
    path = authoring.path_of(again_with_address(cast, published(cast)))
    answer = getattr(Client(), method)(path)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD, POST")


def test_a_call_asks_the_database_nothing(cast, django_assert_num_queries):
    path = authoring.path_of(again_with_address(cast, published(cast)))
    with django_assert_num_queries(0):
        assert Client().get(path).status_code == 200


def test_an_emptied_cache_is_made_good_by_the_first_call(cast, django_assert_num_queries):
    path = authoring.path_of(again_with_address(cast, published(cast)))
    empty_cache()
    assert Client().get(path).status_code == 200
    with another_process(), django_assert_num_queries(0):
        assert Client().get(path).status_code == 200


def test_every_minute_all_that_is_published_stands_in_the_cache_again(cast, no_database):
    script, draft = published(cast), made(cast, name="Draft")
    empty_cache()
    assert shelf.refill() == 1
    assert called(cast, script).status_code == 200
    assert called(cast, draft).status_code == 503


def test_without_the_database_calls_are_served_from_the_cache(cast, no_database):
    script = published(cast)
    with another_process():
        assert called(cast, script).status_code == 200
    assert no_database == []


def test_without_cache_and_database_a_process_serves_what_it_has_seen(cast, monkeypatch, no_database):
    script = published(cast)
    assert called(cast, script).status_code == 200
    empty_cache()
    monkeypatch.setattr(shelf, "SECONDS_FRESH", 0)
    assert b"Hello" in called(cast, script).content
    with another_process():
        answer = called(cast, script)
        assert (answer.status_code, answer["Retry-After"]) == (503, "1")


def test_a_database_that_does_not_answer_is_spared(cast, no_database):
    script = published(cast)
    empty_cache()
    with another_process():
        assert [called(cast, script).status_code for _ in range(3)] == [503, 503, 503]
    assert len(no_database) == 1


def test_without_the_cache_the_database_is_asked(cast, no_cache):
    script = published(cast)
    with another_process():
        assert b"Hello" in called(cast, script).content


def test_a_database_that_hangs_holds_no_call(cast, monkeypatch):
    script, over = published(cast), Event()
    assert called(cast, script).status_code == 200
    empty_cache()
    monkeypatch.setattr(shelf, "_published", lambda digest: over.wait(30))
    monkeypatch.setattr(shelf, "DATABASE_SECONDS", 0.01)
    with another_process():
        assert [called(cast, script).status_code for _ in range(3)] == [503, 503, 503]
    over.set()


def test_what_a_process_remembers_has_an_end(cast, monkeypatch):
    monkeypatch.setattr(shelf, "KEPT", 2)
    kept = shelf.Shelf()
    shelf.put({str(number): "<document/>" for number in range(5)})
    for number in range(5):
        kept.text_of(str(number))
    assert list(kept._kept) == ["3", "4"]


def test_texts_of_others_are_out_of_reach(cast):
    mine = published(cast)
    with tenant_scope(cast.globex.pk):
        theirs = authoring.create_script(cast.globex, "Theirs", GOODBYE, acting_user=cast.charlie)
        authoring.publish(theirs, authoring.latest_version(theirs), acting_user=cast.charlie)
    assert b"Hello" in called(cast, mine).content
    path = PREFIX + theirs.address.reveal()
    assert b"Goodbye" in Client().get(path).content
    assert Client().get(f"{path[:-1]}{'A' if path[-1] != 'A' else 'B'}").status_code == 404


def test_the_cache_holds_no_address(cast):
    script = again_with_address(cast, published(cast))
    digest = script.address_digest
    assert caches["scripts"].get(f"text:{digest}") == HELLO
    assert script.address.reveal() not in f"text:{digest}"
