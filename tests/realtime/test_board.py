"""The live board's page: what it shows to whom, what its buttons do, and the same by asking now and then."""

from uuid import uuid4

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from realtime.board import bell, picture
from realtime.board.hub import Room
from realtime.board.pieces import Drawn, Look, Pen
from realtime.board.rights import Rights
from realtime.calls.models import Call, CallAction, Leg, LegState
from realtime.cards.keeping import Customer, add_card
from realtime.models import Favourite
from tests.provisioning.pages import text_of
from tests.realtime.boards import ALL_SCOPES, Office

BOARD, NOW = "/t/acme/live/", "/t/acme/live/now/"


@pytest.fixture
def office(transactional_db, cast) -> Office:
    return Office(cast.acme, cast.alice, ALL_SCOPES)


@pytest.fixture
def bob(client, cast):
    client.force_login(cast.bob)
    return client


@pytest.fixture
def vera(client, cast):
    client.force_login(cast.vera)
    return client


def test_without_a_connection_the_page_says_what_one_is_for(cast, vera):
    assert "No telephone system yet" in text_of(vera.get(BOARD))


def test_everybody_is_on_the_board_as_they_are(office, vera):
    reception, desk = office.extension("Reception", "201"), office.extension("Desk", "202")
    office.extension("Back office", "203")
    office.call(reception, "+31612345678", LegState.RINGING)
    office.call(desk, "+31687654321", LegState.ON_HOLD)
    text = text_of(vera.get(BOARD))
    for words in ("Reception 201 Ringing", "Desk 202 On hold", "Back office 203 Free", "+31612345678"):
        assert words in text


def test_whoever_a_dialplan_rings_a_telephone_for_is_one_call_and_not_two(office, vera):
    sales, desk = office.extension("Sales", "345"), office.extension("Desk", "202")
    office.call(sales, "+31612345678", LegState.RINGING, vendor_id="outer")
    rung = office.call(desk, "+31612345678", LegState.RINGING, vendor_id="inner")
    office.call(sales, "+31687654321", LegState.RINGING, vendor_id="waits alone")
    with office.scope():
        Leg.objects.filter(call=rung).update(via_extension=sales, via_number="345")
    told = vera.get(NOW).json()
    pieces = [told["pieces"][key] for key in told["order"]["calls"]]
    assert [("Desk (202)" in piece, "+31687654321" in piece) for piece in pieces] == [(True, False), (False, True)]
    assert "Sales 345 Ringing" in text_of(vera.get(BOARD))


def test_a_call_whose_end_was_lost_is_unsure_and_says_why_and_is_not_in_progress(office, cast, vera):
    office.call(office.extension("Reception", "201"), "+31612345678", LegState.UNSURE)
    text = text_of(vera.get(BOARD))
    with office.scope():
        heard = Call.objects.get().last_event_at.astimezone(cast.acme.zone)
    assert f"Reception 201 Unsure Nothing heard since {heard:%H:%M:%S}: the call's end may be lost." in text
    assert 'id="call-' not in vera.get(BOARD).content.decode()


def test_favourites_come_first(office, cast, vera):
    office.extension("Aaron", "201")
    zoe = office.extension("Zoe", "202")
    with office.scope():
        Favourite.objects.create(tenant=cast.acme, user=cast.vera, extension=zoe)
    text = text_of(vera.get(BOARD))
    assert text.index("Zoe") < text.index("Aaron")


def test_the_same_comes_by_asking_now_and_then(office, vera):
    office.call(office.extension("Reception", "201"), "+31612345678")
    told = vera.get(NOW).json()
    assert "+31612345678" in told["pieces"][told["order"]["calls"][0]]
    assert told["late"] == 0


def test_who_calls_is_named_by_the_customer_card(office, vera, cast):
    with office.scope():
        add_card(cast.acme, Customer("Anna Bos", ["+31612345678"]), acting_user=cast.bob)
    office.call(office.extension("Reception", "201"), "+31612345678")
    told = vera.get(NOW).json()
    assert "Anna Bos" in told["pieces"][told["order"]["calls"][0]]


@pytest.mark.parametrize(("number", "name"), [(3, "few"), (60, "many")])
def test_the_board_costs_as_many_queries_at_any_size(office, number, name):
    for each in range(number):
        office.call(office.extension(f"Person {each}", str(200 + each)), f"+316{each:08}", vendor_id=f"leg-{each}")
    with office.scope(), CaptureQueriesContext(connection) as asked:
        seen = picture.read(office.tenant.pk)
    assert (len(seen.tiles), len(seen.calls), len(asked)) == (number, number, 3)


# --- Who sees which buttons, and what they do -------------------------------------------------------------------------


def test_operators_have_buttons_and_viewers_are_told_why_they_have_none(office, cast, client):
    office.call(office.extension("Reception", "201"))
    client.force_login(cast.bob)
    assert "Hang up" in _calls(client.get(BOARD))
    client.force_login(cast.vera)
    page = client.get(BOARD)
    assert "Hang up" not in _calls(page)
    assert "You may look at calls here" in text_of(page)


def test_a_member_with_a_grant_of_her_own_has_buttons_on_her_own_calls_alone(office, cast, vera):
    office.grant(["calls.manage.personal"], cast.vera)
    own = office.call(office.extension("Vera", "201", cast.vera), "+31611111111", vendor_id="own")
    others = office.call(office.extension("Desk", "202"), "+31622222222", vendor_id="others")
    html = vera.get(BOARD).content.decode()
    assert "data-acts>" in _piece(html, f"call-{own.pk}")
    assert "data-acts hidden>" in _piece(html, f"call-{others.pk}")


def test_a_button_asks_once_and_shows_that_it_was_asked_for(office, bob):
    call = office.call(office.extension("Reception", "201"))
    form = {"form_key": str(uuid4())}
    page = bob.post(f"/t/acme/live/calls/{call.pk}/act/hold/", form, follow=True)
    assert "Asked for Hold" in text_of(page)
    bob.post(f"/t/acme/live/calls/{call.pk}/act/hold/", form)
    with office.scope():
        assert CallAction.objects.count() == 1


def test_a_viewer_who_presses_anyway_is_refused_in_words(office, vera):
    call = office.call(office.extension("Reception", "201"))
    page = vera.post(f"/t/acme/live/calls/{call.pk}/act/hang_up/", {"form_key": str(uuid4())}, follow=True)
    assert "Your role lets you act on the calls of your own telephone only" in text_of(page)
    with office.scope():
        assert not CallAction.objects.exists()


def test_a_form_without_its_key_does_nothing(office, bob):
    call = office.call(office.extension("Reception", "201"))
    page = bob.post(f"/t/acme/live/calls/{call.pk}/act/hang_up/", {}, follow=True)
    assert "This form is incomplete" in text_of(page)
    with office.scope():
        assert not CallAction.objects.exists()


def test_what_the_vendor_refused_stands_on_the_call_in_its_words(office, vera):
    call = office.call(office.extension("Reception", "201"))
    with office.scope():
        CallAction.objects.create(
            tenant=office.tenant,
            connection=office.connection,
            call=call,
            kind="hold",
            state="refused",
            said="No permission <today>",
            send_until=timezone.now(),
        )
    page = vera.get(BOARD)
    assert "Refused Hold: No permission" in text_of(page)
    assert "No permission &lt;today&gt;" in page.content.decode()


def test_a_call_is_placed_from_the_page_and_an_outsider_to_an_outsider_is_not(office, cast, bob):
    office.extension("Bob", "202", cast.bob)
    form = {"to": "+31201234567", "form_key": str(uuid4())}
    page = bob.post("/t/acme/live/place/", form, follow=True)
    assert "Your telephone rings first" in text_of(page)
    assert "Asked for Call: +31201234567" in text_of(page)
    assert "This form was sent before" in text_of(bob.post("/t/acme/live/place/", form, follow=True))
    with office.scope():
        CallAction.objects.all().delete()
    page = bob.post("/t/acme/live/place/", {"to": "hello", "form_key": str(uuid4())})
    assert (page.status_code, "not a telephone number" in text_of(page)) == (422, True)


def test_the_form_of_a_transfer_explains_the_telephones_keys(office, bob):
    call = office.call(office.extension("Reception", "201"))
    text = text_of(bob.get(f"/t/acme/live/calls/{call.pk}/transfer/"))
    assert "finished with * on your telephone, and cancelled with #" in text


# --- Bells, rooms and pieces ------------------------------------------------------------------------------------------


def test_a_bell_rings_after_the_commit_and_says_nothing(transactional_db):
    line = redis.Redis.from_url(settings.CACHE_URL).pubsub(ignore_subscribe_messages=True)
    line.subscribe(bell.channel_of(7))
    line.get_message(timeout=1)
    with transaction.atomic():
        bell.ring(7)
        assert line.get_message(timeout=0.3) is None
    heard = None
    for _ in range(10):
        heard = heard or line.get_message(timeout=0.2)
    assert heard is not None
    assert heard["data"] == b""


def test_a_board_is_sent_what_changed_and_the_whole_when_it_missed_something():
    room = Room(Look("acme", "en", timezone.get_default_timezone(), Rights()))
    pictures = [
        Drawn({"calls": ("call-1",)}, {"call-1": "a"}, None),
        Drawn({"calls": ("call-1", "call-2")}, {"call-1": "a", "call-2": "b"}, None),
        Drawn({"calls": ("call-1", "call-2")}, {"call-1": "a", "call-2": "b"}, None),
        Drawn({"calls": ("call-1", "call-2")}, {"call-1": "c", "call-2": "b"}, None),
    ]
    room.show(pictures[0])
    assert b'"whole":true' in room.since(0)
    for shown in pictures[1:3]:
        room.show(shown)
    assert room.version == 2
    assert room.since(1).endswith(b'data: {"pieces":{"call-2":"b"},"order":{"calls":["call-1","call-2"]}}\n\n')
    room.show(pictures[3])
    assert room.since(2).endswith(b'data: {"pieces":{"call-1":"c"}}\n\n')
    assert b'"whole":true' in room.since(1)
    assert room.since(3) == b""


def test_what_did_not_change_is_not_drawn_again(office):
    office.extension("Reception", "201")
    pen = Pen(Look("acme", "nl", office.tenant.zone, Rights()))
    with office.scope():
        first = pen.draw(picture.read(office.tenant.pk))
        again = pen.draw(picture.read(office.tenant.pk))
    [key] = first.pieces
    assert first.pieces[key] is again.pieces[key]


def _piece(html: str, key: str) -> str:
    return html[html.index(f'id="{key}"') :].partition("</li>")[0]


def _calls(page) -> str:
    return page.content.decode().partition('id="board-calls"')[2].partition("</ul>")[0]
