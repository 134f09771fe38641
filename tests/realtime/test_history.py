"""The history of calls: looked through by number, name, time and state; the same few queries however many there are."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from realtime.calls.models import Call
from realtime.cards.models import Card, CardNumber
from realtime.events.models import Event
from tests.realtime.telling import BOB, NOW, SALES, bridged, calls, event, legs, make_extension, make_telephones, told

pytestmark = pytest.mark.django_db(transaction=True)
CARLA = "31622222222"


@pytest.fixture
def telephones(cast):
    """Anna was answered by sales, Bob called Carla an hour before, and two days ago sales was called by 0612."""
    connection = make_telephones(cast.acme)
    make_extension(connection, "Sales", "345", SALES, kind="dialplan")
    make_extension(connection, "Bob", "030", BOB)
    out = {"from": {"extension_id": BOB}, "to": {"number": CARLA}, "direction": "outbound"}
    told(
        connection,
        event("answered", "anna", -60),
        event("ringing", "carla", -3600, **out),
        event("terminated", "carla", -3590, **out, reason="busy"),
        event("terminated", "old", -2 * 86400, **{"from": {"number": "0612"}}),
    )
    return connection


def page(person, **asked) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(reverse("realtime:calls", args=["acme"]), asked)
    assert answer.status_code == 200
    return answer.content.decode()


def found(person, telephones, **asked) -> set[str]:
    """Who is in the list, by the leg of each call."""
    text = page(person, **asked)
    with tenant_scope(telephones.tenant_id):
        rows = {call.legs.get().vendor_id: call.pk for call in Call.objects.all()}
    return {name for name, pk in rows.items() if reverse("realtime:call", args=["acme", pk]) in text}


EVERYBODY = {"anna", "carla", "old"}


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, EVERYBODY),
        ({"q": "+31611111111"}, {"anna"}),
        ({"q": "31611"}, {"anna"}),
        ({"q": "0031 611 11"}, {"anna"}),
        ({"q": "+31 6"}, {"anna", "carla"}),
        ({"q": "345"}, {"anna", "old"}),
        ({"q": "030"}, {"carla"}),
        ({"q": "0612"}, {"old"}),
        ({"q": "sal"}, {"anna", "old"}),
        ({"q": "BOB"}, {"carla"}),
        ({"q": "nobody"}, set()),
        ({"q": "%"}, set()),
        ({"direction": "outbound"}, {"carla"}),
        ({"state": "ended"}, {"carla", "old"}),
        ({"state": "talking"}, {"anna"}),
        ({"state": "nonsense"}, EVERYBODY),
    ],
)
def test_vera_finds_calls(cast, telephones, asked, names):
    assert found(cast.vera, telephones, **asked) == names


def test_a_customer_is_found_by_the_name_on_their_card(cast, telephones):
    with tenant_scope(cast.acme.pk):
        card = Card.objects.create(tenant=cast.acme, name="Carla Jansen", company="Shop & Co")
        CardNumber.objects.create(tenant=cast.acme, card=card, number=f"+{CARLA}")
    assert found(cast.vera, telephones, q="jansen") == found(cast.vera, telephones, q="shop") == {"carla"}


def test_the_calls_of_one_extension(cast, telephones):
    with tenant_scope(cast.acme.pk):
        bob = calls(telephones)[1].from_extension_id
    assert found(cast.vera, telephones, extension=bob) == {"carla"}


def test_the_calls_of_some_days(cast, telephones):
    day = (NOW - timedelta(days=2)).astimezone(cast.acme.zone).date()
    assert found(cast.vera, telephones, since=day, until=day) == {"old"}
    assert "old" not in found(cast.vera, telephones, since=day + timedelta(days=1))


def test_the_list_as_csv(cast, telephones):
    client = Client()
    client.force_login(cast.vera)
    answer = client.get(reverse("lists:export", args=["acme", "realtime.calls"]), {"q": "carla"} | {"q": CARLA})
    text = (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["From (name)"], row["To"], row["State"], row["Reason"]) == ("Bob", f"+{CARLA}", "Ended", "busy")
    assert (row["Waited (s)"], row["Talked (s)"]) == ("10", "")


def test_a_call_shows_its_legs_and_its_events_as_they_came(cast, telephones):
    both = [{"call_id": "one"}, {"call_id": "two", "to": {"extension_id": BOB}}]
    told(telephones, event("ringing", "one", -9), bridged(-5, *both), event("Parked", "one", -3, shelf="17 & 18"))
    (call,) = [each for each in calls(telephones) if each.began_at == NOW - timedelta(seconds=9)]
    text = show(cast.vera, "realtime:call", call.pk)
    for said in ("one", "two", "bridged", "parked", "a type that is not known", "17 &amp; 18", "Bob", "Talking"):
        assert said in text
    with tenant_scope(cast.acme.pk):
        Event.objects.all().delete()
    text = show(cast.vera, "realtime:call", call.pk)
    assert "not kept any more" in text
    assert "parked" in text


def test_a_call_that_became_part_of_another_leads_there(cast, telephones):
    told(telephones, event("ringing", "one", -9), event("ringing", "two", -8))
    known = legs(telephones)
    first, second = known["one"].call_id, known["two"].call_id
    told(telephones, bridged(-5, {"call_id": "one"}, {"call_id": "two"}))
    client = Client()
    for person, leads_to in ((cast.vera, reverse("realtime:call", args=["acme", first])), (cast.charlie, None)):
        client.force_login(person)
        answer = client.get(reverse("realtime:call", args=["acme", second]))
        assert (answer.status_code, answer.get("Location")) == ((302, leads_to) if leads_to else (404, None))


def test_an_event_of_no_call_is_shown_too(cast, telephones):
    told(telephones, b"this is no event", event("created", ""), event("weather", "", sky="clear"))
    with tenant_scope(cast.acme.pk):
        rows = {each.outcome: each.pk for each in Event.objects.all()}
    assert "this is no event" in show(cast.bob, "realtime:event", rows["not_understood"])
    assert "clear" in show(cast.bob, "realtime:event", rows["unknown_type"])
    assert "Of no call that is known" in show(cast.bob, "realtime:event", rows["no_leg"])


def test_a_stranger_finds_nothing(cast, telephones):
    client = Client()
    client.force_login(cast.charlie)
    (call, *_others) = calls(telephones)
    for slug in ("acme", "globex"):
        assert client.get(reverse("realtime:call", args=[slug, call.pk])).status_code == 404
    assert (
        reverse("realtime:call", args=["globex", call.pk]) not in client.get("/t/globex/live/calls/").content.decode()
    )


def show(person, name: str, pk: int) -> str:
    client = Client()
    client.force_login(person)
    answer = client.get(reverse(name, args=["acme", pk]))
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("asked", [{}, {"q": "+3164"}, {"q": "sal"}, {"state": "ended", "direction": "inbound"}])
def test_a_hundred_thousand_calls_cost_no_more_than_twelve_queries(cast, telephones, asked):
    fill(telephones, 100_000)
    client = Client()
    client.force_login(cast.vera)
    with CaptureQueriesContext(database) as queries:
        answer = client.get(reverse("realtime:calls", args=["acme"]), asked)
    assert answer.status_code == 200
    assert len(queries) <= 12
    assert not any("count(" in query["sql"].lower() and "realtime_call" in query["sql"] for query in queries)


def fill(connection, number: int) -> None:
    """By one statement; sales was called by a hundred thousand numbers."""
    with tenant_scope(connection.tenant_id), database.cursor() as cursor:
        cursor.execute(
            "insert into realtime_call (tenant_id, connection_id, state, direction, from_number, to_number, began_at,"
            " last_event_at, reason, recorded, transferred, version, to_extension_id)"
            " select %s, %s, 'ended', 'inbound', '+3164' || n, '345', %s - n * interval '1 minute', now(), '', false, '', 1,"
            " (select id from realtime_extension where number = '345') from generate_series(1, %s) n",
            [connection.tenant_id, connection.pk, timezone.now(), number],
        )
