"""Call me back: whom a form calls, and whom it does not; and what became of it."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from html import unescape
from urllib.parse import urlsplit
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings as live_settings
from django.core import signing
from django.core.cache import cache
from django.db import connection
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone

from portal.audit.models import Entry
from portal.operations.refusals import NotPromised
from portal.tenancy.scope import tenant_scope
from realtime.callback import following, limits, requesting
from realtime.callback.models import CallbackForm, CallbackRequest
from realtime.callback.proof import Proof
from realtime.calls.models import Call, CallAction, Leg
from realtime.grants.models import Grant
from realtime.hooks.models import Delivery, Endpoint
from tests.realtime.samples_of_others import let_call, make_form

ANNA = "+31612345678"
SHOP, FOREIGN = "https://shop.example", "https://evil.example"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.fixture(autouse=True)
def nobody_counted():
    cache.clear()


@pytest.fixture
def shop(transactional_db, cast) -> CallbackForm:
    with tenant_scope(cast.acme.pk):
        form = make_form(cast.acme)
        let_call(form, cast.alice)
        return form


def change(form: CallbackForm, **fields) -> None:
    with tenant_scope(form.tenant_id):
        CallbackForm.objects.filter(pk=form.pk).update(**fields)


def address(form: CallbackForm) -> str:
    return reverse("callback_form", args=[form.public_id])


def shown(client, form: CallbackForm, **headers: str):
    return client.get(address(form), headers={"Referer": f"{SHOP}/contact", **headers})


def proof_of(page) -> str:
    found = re.search(r'name="proof" value="([^"]+)"', page.content.decode())
    return unescape(found[1])


@pytest.fixture
def wait(monkeypatch):
    """Moves the clock of signatures on by so many seconds."""
    moved = [0.0]

    class Clock:
        @staticmethod
        def time() -> float:
            return time.time() + moved[0]

    monkeypatch.setattr(signing, "time", Clock)

    def on(seconds: float) -> None:
        moved[0] += seconds

    return on


def fill_in(client, form: CallbackForm, wait, number: str = "06 12345678", *, seconds: float = 5, **more: str):
    proof = proof_of(shown(client, form))
    wait(seconds)
    return client.post(address(form), {"proof": proof, "number": number, **more})


def requests(form: CallbackForm) -> list[CallbackRequest]:
    with tenant_scope(form.tenant_id):
        return list(CallbackRequest.objects.select_related("action").order_by("pk"))


def said(page) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.content.decode())).split())


# --- A call ---------------------------------------------------------------------------------------------------------------


def test_a_visitor_is_called_after_the_agent_and_is_told_what_happens(client, shop, wait):
    answer = fill_in(client, shop, wait, name="Anna")
    assert answer.status_code == 302
    (asked,) = requests(shop)
    assert (asked.number, asked.name, asked.origin, asked.state) == (ANNA, "Anna", SHOP, "asked")
    assert (asked.action.kind, asked.action.to_number, asked.action.from_extension_id) == ("place", ANNA, shop.agent_id)
    page = said(client.get(answer["Location"]))
    assert "We are calling you." in page
    assert f"First our colleague's telephone rings, then yours: {ANNA}" in page
    with tenant_scope(shop.tenant_id):
        assert Entry.objects.filter(action="realtime.callback_requested", object_id=str(asked.pk)).count() == 1


def test_a_double_click_is_one_call_and_both_see_it(client, shop, wait):
    proof = proof_of(shown(client, shop))
    wait(5)
    answers = [client.post(address(shop), {"proof": proof, "number": ANNA}) for _click in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert len(requests(shop)) == 1


def test_going_back_to_correct_the_number_asks_for_a_call_to_the_corrected_one(client, shop, wait):
    proof = proof_of(shown(client, shop))
    wait(5)
    client.post(address(shop), {"proof": proof, "number": "06 11111111"})
    answer = client.post(address(shop), {"proof": proof, "number": ANNA})
    assert answer.status_code == 422
    assert "Nothing was done for this number yet" in said(answer)
    wait(5)
    assert client.post(address(shop), {"proof": proof_of(answer), "number": ANNA}).status_code == 302
    assert [asked.number for asked in requests(shop)] == ["+31611111111", ANNA]


def test_it_speaks_dutch_where_the_form_does(client, shop):
    change(shop, language="nl")
    assert '<html lang="nl">' in shown(client, shop).content.decode()


def test_a_request_is_told_to_the_companys_other_systems(client, shop, wait):
    with tenant_scope(shop.tenant_id):
        Endpoint.objects.create(
            tenant=shop.tenant, name="CRM", url="https://crm.example/", events=["callback.requested", "callback.ended"]
        )
    fill_in(client, shop, wait)
    become(shop, state="refused")
    following.follow()
    with tenant_scope(shop.tenant_id):
        assert list(Delivery.objects.order_by("pk").values_list("event", flat=True)) == [
            "callback.requested",
            "callback.ended",
        ]


# --- Where it is shown ----------------------------------------------------------------------------------------------------


def test_its_sites_alone_may_frame_it(client, shop):
    page = shown(client, shop)
    assert f"frame-ancestors {SHOP};" in page["Content-Security-Policy"] + ";"
    assert "X-Frame-Options" not in page
    assert "'unsafe-inline'" not in page["Content-Security-Policy"]
    assert not page.cookies


def test_every_answer_names_who_may_frame_it(client, shop, wait):
    for page in (
        fill_in(client, shop, wait, "x"),
        client.get(shown_status(client, shop, wait)),
        shown(client, shop, Referer=f"{FOREIGN}/"),
    ):
        assert f"frame-ancestors {SHOP}" in page["Content-Security-Policy"]
    unknown = client.get(reverse("callback_form", args=["unknown"]))
    assert unknown.status_code == 404
    assert "frame-ancestors 'none'" in unknown["Content-Security-Policy"]


def shown_status(client, form, wait) -> str:
    return fill_in(client, form, wait)["Location"]


def test_another_site_is_refused(client, shop):
    page = shown(client, shop, Referer=f"{FOREIGN}/page")
    assert page.status_code == 403
    assert "not meant for this site" in said(page)


def test_what_another_site_sends_is_refused(client, shop, wait):
    proof = proof_of(shown(client, shop))
    wait(5)
    for origin in (FOREIGN, "null"):
        answer = client.post(address(shop), {"proof": proof, "number": ANNA}, headers={"Origin": origin})
        assert answer.status_code == 403
    assert requests(shop) == []
    own = client.post(address(shop), {"proof": proof, "number": ANNA}, headers={"Origin": "http://testserver"})
    assert own.status_code == 302


def test_disabled_forms_and_those_of_suspended_companies_are_not_there(client, shop):
    change(shop, enabled=False)
    assert shown(client, shop).status_code == 404
    change(shop, enabled=True)
    assert shown(client, shop).status_code == 200


# --- Proof against abuse --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "told"), [(1, "very quick"), (3_700, "open for long")])
def test_forms_are_neither_too_young_nor_too_old(client, shop, wait, seconds, told):
    answer = fill_in(client, shop, wait, seconds=seconds)
    assert answer.status_code == 422
    assert told in said(answer)
    assert requests(shop) == []
    wait(5)
    again = client.post(address(shop), {"proof": proof_of(answer), "number": ANNA})
    assert again.status_code == 302


def test_a_proof_is_of_one_form_and_cannot_be_made_up(client, shop, cast, wait):
    with tenant_scope(cast.globex.pk):
        other = make_form(cast.globex)
    stolen = proof_of(shown(client, other))
    wait(5)
    for proof in (stolen, "made-up", ""):
        assert client.post(address(shop), {"proof": proof, "number": ANNA}).status_code == 422
    assert requests(shop) == []


def test_what_a_program_fills_in_is_refused(client, shop, wait):
    assert fill_in(client, shop, wait, website="https://spam.example").status_code == 422
    assert requests(shop) == []


@pytest.mark.parametrize(
    "number",
    [
        "x",
        "112",
        "1200",
        "0900 1234",
        "0800 1234",
        "+44 20 7946 0958",
        "+1 900 234 5678",
        "+31 6 123",
        "06 12345678 ext. 5",
    ],
)
def test_numbers_that_are_not_called(client, shop, wait, number):
    answer = fill_in(client, shop, wait, number)
    assert answer.status_code == 422
    assert requests(shop) == []


def test_a_number_that_is_being_called_is_not_called_twice(client, shop, wait):
    fill_in(client, shop, wait)
    answer = fill_in(client, shop, wait)
    assert "being called already" in said(answer)
    assert len(requests(shop)) == 1


def over(form: CallbackForm) -> None:
    with tenant_scope(form.tenant_id):
        CallbackRequest.objects.update(state="failed")


def test_a_number_is_called_twice_an_hour_at_most(client, shop, wait):
    for _time in range(requesting.MOST_TO_NUMBER_AN_HOUR):
        assert fill_in(client, shop, wait).status_code == 302
        over(shop)
    assert "asked too often" in said(fill_in(client, shop, wait))
    with tenant_scope(shop.tenant_id):
        CallbackRequest.objects.update(created_at=Now() - timedelta(hours=1, seconds=1))
    assert fill_in(client, shop, wait).status_code == 302


def test_a_form_calls_so_many_an_hour_at_most(client, shop, wait):
    change(shop, most_an_hour=1)
    assert fill_in(client, shop, wait).status_code == 302
    assert "Too many people" in said(fill_in(client, shop, wait, "0612345679"))


def test_one_address_asks_five_times_an_hour_at_most(client, shop, wait):
    for place in range(limits.MOST_OF_ADDRESS_AN_HOUR):
        assert fill_in(client, shop, wait, f"061234567{place}").status_code == 302
    assert "asked too often" in said(fill_in(client, shop, wait, "0612345679"))


def test_one_address_sends_so_many_forms_an_hour_at_most(client, shop, wait, monkeypatch):
    monkeypatch.setattr(limits, "MOST_SENT_AN_HOUR", 2)
    for _time in range(2):
        assert fill_in(client, shop, wait, "x").status_code == 422
    assert fill_in(client, shop, wait).status_code == 429
    assert requests(shop) == []


# --- Opening hours --------------------------------------------------------------------------------------------------------


def test_a_closed_form_says_when_it_opens_and_calls_nobody(client, shop, wait):
    proof = proof_of(shown(client, shop))
    wait(5)
    today = timezone.now().astimezone(AMSTERDAM).weekday()
    days = [[] for _day in range(7)]
    days[(today + 2) % 7] = ["09:15", "10:00"]
    change(shop, hours=days)
    page = shown(client, shop)
    assert "at 09:15" in said(page)
    assert "<form" not in page.content.decode()
    client.post(address(shop), {"proof": proof, "number": ANNA})
    assert requests(shop) == []


# --- What became of it ----------------------------------------------------------------------------------------------------


def become(form: CallbackForm, call: dict | None = None, legs: tuple[dict, ...] = (), **fields) -> None:
    """The vendor's side of the latest request: its action, its call and that call's legs."""
    now = timezone.now()
    with tenant_scope(form.tenant_id):
        action = CallAction.objects.latest("pk")
        if call is not None:
            base = {"tenant_id": form.tenant_id, "connection_id": form.connection_id, "began_at": now}
            made = Call.objects.create(**base, last_event_at=now, **call)
            for place, leg in enumerate(legs):
                Leg.objects.create(**base, call=made, vendor_id=f"{action.pk}-{place}", **leg)
            fields["call"] = made
        CallAction.objects.filter(pk=action.pk).update(**fields)


TALKING = {"state": "talking", "answered_at": datetime(2026, 1, 1, tzinfo=UTC)}
AGENT = {"to_number": "101", **TALKING}
OUTCOMES = [
    ("asked", {"state": "taken"}),
    ("asked", {"state": "confirmed", "call": {"state": "ringing"}, "legs": (AGENT, {"to_number": ANNA})}),
    ("called", {"state": "confirmed", "call": TALKING, "legs": (AGENT, {"to_number": ANNA, **TALKING})}),
    ("called", {"state": "confirmed", "call": {"state": "ended"}, "legs": ({"to_number": ANNA, **TALKING},)}),
    ("failed", {"state": "confirmed", "call": {"state": "ended"}, "legs": (AGENT, {"to_number": ANNA})}),
    ("unknown", {"state": "confirmed", "call": {"state": "unsure"}, "legs": ({"to_number": ANNA},)}),
    ("failed", {"state": "refused", "said": "No credit"}),
    ("failed", {"state": "too_late"}),
    ("unknown", {"state": "unconfirmed"}),
]


@pytest.mark.parametrize(("outcome", "vendors"), OUTCOMES)
def test_the_outcome_follows_the_call(client, shop, wait, outcome, vendors):
    fill_in(client, shop, wait)
    become(shop, **vendors)
    following.follow()
    (asked,) = requests(shop)
    assert asked.state == outcome


def test_what_nobody_hears_of_for_an_hour_is_unknown(client, shop, wait):
    fill_in(client, shop, wait)
    with tenant_scope(shop.tenant_id):
        CallbackRequest.objects.update(created_at=Now() - timedelta(hours=1, seconds=1))
    following.follow()
    assert requests(shop)[0].state == "unknown"


def test_the_visitor_sees_it_without_waiting_for_the_beat(client, shop, wait):
    place = shown_status(client, shop, wait)
    assert 'data-again="?piece=1"' in client.get(place, {"piece": 1}).content.decode()
    become(shop, state="confirmed", call=TALKING, legs=({"to_number": ANNA, **TALKING},))
    piece = client.get(place, {"piece": 1})
    assert "You are on the telephone with us." in said(piece)
    assert "data-again" not in piece.content.decode()
    assert "<html" not in piece.content.decode()


def test_a_status_cannot_be_guessed(client, shop, wait):
    fill_in(client, shop, wait)
    assert client.get(reverse("callback_status", args=[shop.public_id, "1"])).status_code == 404


def test_where_nobody_allowed_calls_the_request_is_stopped_and_says_why(client, shop, wait):
    with tenant_scope(shop.tenant_id):
        Grant.objects.update(state=Grant.State.ENDED)
    answer = fill_in(client, shop, wait)
    (asked,) = requests(shop)
    assert (asked.state, asked.action) == ("stopped", None)
    assert "Nobody allowed this at the vendor yet" in str(asked.told_why)
    assert "did not come about" in said(client.get(answer["Location"]))


def test_an_agent_who_left_calls_nobody(client, shop, wait):
    with tenant_scope(shop.tenant_id):
        type(shop.agent).objects.update(gone_at=Now())
    fill_in(client, shop, wait)
    (asked,) = requests(shop)
    assert (asked.state, asked.action) == ("stopped", None)


def test_the_pages_files_are_served_by_the_portal_itself(client, shop):
    for path in re.findall(r'(?:src|href)="([^"]+)"', shown(client, shop).content.decode()):
        assert not urlsplit(path).netloc
        assert path.startswith(f"/{live_settings.STATIC_URL.strip('/')}/")


# --- At the same moment ---------------------------------------------------------------------------------------------------


def at_once(form: CallbackForm, visitors: list[tuple[str, Proof]]) -> list[str]:
    """All of them ask in threads of their own; what each is told, "" for a request."""
    together = threading.Barrier(len(visitors))

    def ask(number: str, proof: Proof) -> str:
        together.wait(10)
        try:
            with tenant_scope(form.tenant_id):
                requesting.ask_for_call(form, requesting.Visitor(number, "", number), proof)
        except NotPromised as refusal:
            return str(refusal)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(visitors)) as threads:
        return list(threads.map(ask, *zip(*visitors, strict=True)))


def test_many_at_once_keep_the_forms_limit(shop):
    change(shop, most_an_hour=3)
    told = at_once(shop, [(f"+3161234567{place}", Proof(uuid4(), SHOP)) for place in range(8)])
    assert told.count("") == len(requests(shop)) == 3
    assert all("Too many people" in text for text in told if text)


def test_one_form_sent_many_times_at_once_is_one_call(shop):
    proof = Proof(uuid4(), SHOP)
    assert at_once(shop, [(ANNA, proof)] * 6) == [""] * 6
    with tenant_scope(shop.tenant_id):
        assert CallbackRequest.objects.count() == CallAction.objects.count() == 1
