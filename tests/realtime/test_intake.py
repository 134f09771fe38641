"""Where events come in: whose they are, how large, how often; and that a 200 means they are stored."""

import json
import secrets
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from portal.tenancy.scope import staff_scope, tenant_scope
from realtime.events import intake
from realtime.events.addresses import PLACE
from realtime.events.models import Event
from tests.realtime.telling import event, make_address, make_telephones, post

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def rung(monkeypatch):
    """What the bell was rung for."""
    found = []
    monkeypatch.setattr(intake.bell, "ring", lambda *place: found.append(place))
    intake.addresses.forget()
    return found


@pytest.fixture
def telephones(cast):
    return make_telephones(cast.acme)


def body(**more) -> bytes:
    return json.dumps(event("ringing", "leg-1", **more)).encode()


def stored() -> list[Event]:
    with staff_scope():
        return list(Event.objects.order_by("pk"))


def test_an_event_is_stored_as_it_came_before_anybody_reads_it(telephones, rung):
    subscription, path = make_address(telephones)
    told = body() + b"  \n"
    assert post(path, told) == 200
    (kept,) = stored()
    assert (bytes(kept.body), kept.outcome, kept.handled_at) == (told, "", None)
    assert (kept.tenant_id, kept.connection_id, kept.subscription_id) == (
        telephones.tenant_id, telephones.pk, subscription.pk,
    )  # fmt: skip
    assert rung == [(telephones.tenant_id, telephones.pk)]


def test_the_same_event_is_one_also_over_two_addresses_of_the_connection(telephones):
    told = body()
    for _subscription, path in (make_address(telephones), make_address(telephones)):
        assert [post(path, told), post(path, told)] == [200, 200]
    assert len(stored()) == 1


def test_the_same_id_at_another_connection_is_another_event(telephones, cast):
    told = body()
    for connection in (telephones, make_telephones(cast.globex)):
        assert post(make_address(connection)[1], told) == 200
    assert {each.connection_id for each in stored()} != {telephones.pk}
    assert len(stored()) == 2


def test_an_answered_and_a_bridged_of_the_same_id_are_two(telephones):
    """As "Available events" shows them."""
    _subscription, path = make_address(telephones)
    for event_type in ("answered", "bridged", "Answered"):
        post(path, json.dumps(event(event_type, "leg-1", id="a1b2c3d3")).encode())
    assert [each.key for each in stored()] == ["a1b2c3d3/answered", "a1b2c3d3/bridged"]


def test_an_event_without_an_id_is_known_by_what_it_says(telephones):
    _subscription, path = make_address(telephones)
    told = event("ringing", "leg-1", id=None)
    turned = dict(reversed(told.items()))
    for each in (told, turned, told | {"call_id": "leg-2"}):
        assert post(path, json.dumps(each).encode()) == 200
    assert len(stored()) == 2


@pytest.mark.parametrize("identity", ["x" * 200, "a\u0000b", " ", {"a": 1}, 12, None, True])
def test_an_id_may_be_anything(telephones, identity):
    _subscription, path = make_address(telephones)
    told = json.dumps(event("ringing", "leg-1") | {"id": identity}).encode()
    assert [post(path, told), post(path, told)] == [200, 200]
    assert len(stored()) == 1


@pytest.mark.parametrize(
    "told", [b"", b"\x00\xff", b"not json", b"[]", b"{", b"null", b"[" * 60_000, b"\xef\xbb\xbf{}"]
)
def test_what_is_no_event_is_kept_too(telephones, told):
    _subscription, path = make_address(telephones)
    assert post(path, told) == 200
    assert bytes(stored()[0].body) == told


@pytest.mark.parametrize(("size", "status"), [(65_536, 200), (65_537, 413), (3_000_000, 413)])
def test_a_body_has_a_bearable_size(telephones, size, status, rung):
    _subscription, path = make_address(telephones)
    assert post(path, b"x" * size) == status
    assert len(stored()) == len(rung) == (status == 200)


@pytest.mark.parametrize("secret", ["", "x", "x" * 43, "x" * 44, "../" + "x" * 40, "x" * 43 + "/"])
@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
def test_a_strangers_guess_tells_nothing(telephones, secret, method):
    make_address(telephones)
    answer = getattr(Client(), method)(PLACE + secret)
    assert (answer.status_code, answer.content) == (404, b"")
    assert not stored()


def test_an_address_takes_posts_alone(telephones):
    _subscription, path = make_address(telephones)
    answer = Client().get(path)
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


@pytest.mark.parametrize(("state", "days", "status"), [
    ("asked", 30, 200), ("active", 30, 200), ("cancelling", 30, 200),
    ("gone", 0, 200), ("gone", 2, 404), ("failed", 0, 200), ("failed", 2, 404),
])  # fmt: skip
def test_an_ended_subscription_is_heard_for_a_day(telephones, state, days, status):
    ended = timezone.now() - timedelta(days=days)
    _subscription, path = make_address(telephones, state=state, created_at=ended, ended_at=ended)
    assert post(path, body()) == status


def test_an_address_that_is_made_a_moment_later_is_found(telephones):
    assert post(PLACE + secrets.token_urlsafe(32), body()) == 404
    assert post(make_address(telephones)[1], body()) == 200


def test_an_answer_is_nobodys_to_keep_and_starts_no_session(telephones):
    answer = Client().post(make_address(telephones)[1], body(), content_type="application/json")
    assert (answer["Cache-Control"], answer["X-Robots-Tag"], answer.content) == ("no-store", "noindex", b"")
    assert not answer.cookies


def test_without_a_database_the_vendor_is_told_to_come_again(telephones, monkeypatch, rung):
    _subscription, path = make_address(telephones)

    def away(*_anything):
        raise OperationalError("the server closed the connection")

    with monkeypatch.context() as patched:
        patched.setattr(intake, "_store", away)
        answer = Client().post(path, body(), content_type="application/json")
    assert (answer.status_code, answer["Retry-After"], rung) == (503, "5", [])


def test_a_200_is_told_after_the_commit(telephones, monkeypatch):
    """Who looks from outside when the bell rings sees the event."""
    from portal.local.embedded import Postgres
    from portal.local.pytest_plugin import test_place

    seen = []

    def look(*_place):
        with Postgres(test_place()).connect(_database()) as outside:
            seen.append(outside.execute("select count(*) from realtime_event").fetchone()[0])

    monkeypatch.setattr(intake.bell, "ring", look)
    assert post(make_address(telephones)[1], body()) == 200
    assert seen == [1]


def _database() -> str:
    from django.db import connection

    return connection.settings_dict["NAME"]


def test_acme_sees_no_event_of_globex(telephones, cast):
    post(make_address(make_telephones(cast.globex))[1], body())
    with tenant_scope(cast.acme.pk):
        assert not Event.objects.exists()
    assert len(stored()) == 1
