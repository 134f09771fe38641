"""Extensions, customers and calls in the search of the portal."""

import pytest
from django.db import connection as database
from django.db.models import F
from django.urls import reverse
from django.utils.http import urlencode
from pytest_django.asserts import assertContains, assertNotContains

from portal.tenancy.scope import tenant_scope
from realtime.board.picture import _live_calls
from realtime.calls.forms import CallFilter
from realtime.calls.models import Call
from realtime.cards.keeping import Customer, add_card
from realtime.cards.models import Card, CardNumber
from tests.provisioning.pages import text_of
from tests.realtime.samples_board import a_call
from tests.realtime.telling import make_extension, make_telephones

pytestmark = pytest.mark.django_db
CARLA, SPELLINGS = "+31622222222", ["+31 6 22 22 22 22", "0031622222222", "06-22222222", "(06) 2222 2222"]


@pytest.fixture
def acme(cast):
    """Carla, a customer with a card, calls Bob at extension 030; his own number is 020 765 43 21."""
    telephones = make_telephones(cast.acme)
    cast.extension = make_extension(telephones, "Bob", "030", external_number="+31207654321")
    with tenant_scope(cast.acme.pk):
        cast.card = add_card(cast.acme, Customer("Carla Jansen", [CARLA, "+31205554443"], "Shop"), acting_user=cast.bob)
        a_call(cast.acme, telephones, cast.extension, number=CARLA)
    return cast


@pytest.fixture
def search(client):
    def ask(person, text: str, tenant: str = "acme"):
        client.force_login(person)
        answer = client.get(reverse("search:found", args=[tenant]), {"q": text})
        assert answer.status_code == 200
        return answer

    return ask


@pytest.mark.parametrize("written", SPELLINGS)
def test_a_customer_is_found_by_a_number_in_any_spelling(acme, search, written):
    answer = search(acme.vera, written)
    assertContains(answer, f'href="{reverse("realtime:card", args=["acme", acme.card.pk])}"')
    assert f"Carla Jansen {CARLA}" in text_of(answer)


@pytest.mark.parametrize("written", SPELLINGS)
def test_a_number_in_any_spelling_leads_to_its_calls(acme, search, client, written):
    history = f"{reverse('realtime:calls', args=['acme'])}?{urlencode({'q': CARLA})}"
    answer = search(acme.vera, written)
    assertContains(answer, f'href="{history}"')
    assert "Calls from and to +31622222222" in text_of(answer)
    assert CARLA in text_of(client.get(history))


def test_what_is_no_number_leads_to_no_calls(acme, search):
    for text in ("Carla", "2026-000123", "030", "+999123"):
        assertNotContains(search(acme.vera, text), "Calls from and to")


@pytest.mark.parametrize("written", ["020 765", "0207654321", "+31 20 765 43 21", "030", "bob"])
def test_an_extension_is_found_by_its_numbers_and_its_name(acme, search, written):
    address = reverse("realtime:extension", args=["acme", acme.extension.pk])
    assertContains(search(acme.vera, written), f'href="{address}"')


def test_the_number_of_another_company_finds_nobody(acme, search):
    assertNotContains(search(acme.charlie, CARLA, tenant="globex"), "Carla")


def test_a_card_that_loses_a_number_is_not_found_by_it(acme, search):
    with tenant_scope(acme.acme.pk):
        acme.card.numbers.filter(number=CARLA).delete()
    assertNotContains(search(acme.vera, CARLA), "Carla")
    assertContains(search(acme.vera, "020 555 44 43"), "Carla")


@pytest.mark.parametrize("written", [*SPELLINGS, "06 22"])
def test_the_history_finds_a_number_in_any_spelling(acme, client, written):
    client.force_login(acme.vera)
    assert CARLA in text_of(client.get(reverse("realtime:calls", args=["acme"]), {"q": written}))
    assert CARLA not in text_of(client.get(reverse("realtime:calls", args=["acme"]), {"q": "06 99"}))


def test_among_many_calls_an_index_finds_those_of_a_number(acme):
    with tenant_scope(acme.acme.pk):
        call = Call.objects.get()
        others = (Call(**_copied(call), from_number=f"+3161{place:07}") for place in range(5_000))
        Call.objects.bulk_create(others)
        with database.cursor() as cursor:
            cursor.execute("analyze realtime_call")
        rows = CallFilter({"q": CARLA}).narrow(Call.objects.filter(tenant=acme.acme), acme.acme.zone)
        plan = rows.order_by(F("began_at").desc(), "-pk")[:51].explain()
    assert "realtime_call_from" in plan
    assert "realtime_call_to" in plan


def test_among_many_cards_an_index_finds_those_of_a_boards_calls(acme):
    with tenant_scope(acme.acme.pk):
        Card.objects.bulk_create(Card(tenant=acme.acme, name=f"Customer {place}") for place in range(3_000))
        cards = enumerate(Card.objects.exclude(pk=acme.card.pk))
        CardNumber.objects.bulk_create(
            CardNumber(tenant=acme.acme, card=card, number=f"+3161{place:07}") for place, card in cards
        )
        with database.cursor() as cursor:
            cursor.execute("analyze realtime_cardnumber")
        plan = _live_calls(acme.acme.pk).explain()
        assert "Customer" not in _live_calls(acme.acme.pk)[0].card["name"]
    assert "Seq Scan on realtime_cardnumber" not in plan
    assert "realtime_card_number" in plan


def _copied(call: Call) -> dict:
    names = ("tenant_id", "connection_id", "state", "direction", "to_number", "began_at", "last_event_at")
    return {name: getattr(call, name) for name in names}
