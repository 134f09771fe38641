"""Customer cards: matched by number, leading into the CRM, kept by hand and from files."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.urls import reverse

from portal.audit.models import Entry
from portal.bulk.models import Batch
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Tenant
from portal.tenancy.scope import tenant_scope
from realtime.cards.keeping import Customer, add_card, change_card, change_link, keep_cards, numbers_of
from realtime.cards.matching import cards_for, check_link, link_of
from realtime.cards.models import Card
from tests.bulk.office import Office
from tests.provisioning.pages import text_of
from tests.realtime.pages import sent, url

ANNA, ALSO_ANNA, BEN = "+31612345678", "+31201234567", "+31612345672"
LINK = "https://crm.example/find?tel={number}&id={reference}"


@pytest.fixture
def acme(cast):
    with tenant_scope(cast.acme.pk):
        yield cast.acme


@pytest.fixture
def anna(acme, cast):
    return add_card(acme, Customer("Anna Bos", [ANNA, ALSO_ANNA], "Bos BV", "C 1&2"), acting_user=cast.bob)


@pytest.fixture
def bob(client, cast):
    client.force_login(cast.bob)
    return client


def test_cards_are_matched_by_any_of_their_numbers_in_one_query(anna, acme, cast, django_assert_num_queries):
    change_link(acme, LINK, acting_user=cast.adam)
    with django_assert_num_queries(1):
        found = cards_for([ANNA, ALSO_ANNA, BEN, ""])
    assert set(found) == {ANNA, ALSO_ANNA}
    assert found[ANNA] == anna
    assert found[ANNA].link == "https://crm.example/find?tel=%2B31612345678&id=C%201%262"
    with django_assert_num_queries(0):
        assert cards_for([""]) == {}


def test_without_a_link_a_card_leads_nowhere(anna):
    assert cards_for([ANNA])[ANNA].link == ""


def test_another_companys_cards_are_nobodys(anna, cast):
    with tenant_scope(cast.globex.pk):
        assert cards_for([ANNA]) == {}


def test_what_is_filled_in_stays_in_its_place():
    assert link_of("https://crm.example/{reference}", ANNA, "../x?y#z") == "https://crm.example/..%2Fx%3Fy%23z"


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert({number})",
        "http://crm.example/",
        "https://{reference}.example/",
        "https://crm.example:{number}/",
        "https://user:pass@crm.example/",
        "https://crm.example/{password}",
        "https://crm.example/{",
        "https:///path",
        "//crm.example/",
        "data:text/html,{number}",
        " https://crm.example/ x",
    ],
)
def test_links_that_lead_elsewhere_are_refused(link):
    with pytest.raises(ValidationError):
        check_link(link)


def test_links_into_a_crm_are_allowed():
    for link in (LINK, "https://10.0.0.5:8443/c/{reference}", "https://crm.example/#tel={number}"):
        check_link(link)


def test_the_piece_of_the_board_escapes_what_people_wrote(acme, cast):
    add_card(acme, Customer("<b>Anna</b>", [ANNA]), acting_user=cast.bob)
    html = render_to_string("realtime/_card.html", {"card": cards_for([ANNA])[ANNA], "slug": acme.slug})
    assert "&lt;b&gt;Anna&lt;/b&gt;" in html
    assert "<b>" not in html


def test_a_number_is_on_one_card(anna, acme, cast):
    with pytest.raises(NotPromised, match="Anna Bos"):
        add_card(acme, Customer("Ben", [BEN, ANNA]), acting_user=cast.bob)


def test_a_card_is_changed_with_its_numbers_and_that_is_on_record(anna, acme, cast):
    change_card(anna, Customer("Anna Bos", [ALSO_ANNA, BEN], "Bos BV", "C 1&2"), acting_user=cast.bob)
    assert set(numbers_of(anna)) == {ALSO_ANNA, BEN}
    entry = Entry.objects.get(action="realtime.card_changed")
    assert entry.before == {"numbers": [ANNA, ALSO_ANNA]}


def test_many_are_kept_at_once_and_what_fits_two_cards_is_not(anna, acme, cast):
    add_card(acme, Customer("Ben", [BEN]), acting_user=cast.bob)
    answers = keep_cards(
        acme,
        [
            Customer("Anna Bos-Smit", [ANNA, "+31612345679"]),
            Customer("Both", [ALSO_ANNA, BEN]),
            Customer("Carla", ["+31612345673"]),
            Customer("Carla again", ["+31612345673"]),
        ],
        acting_user=cast.adam,
    )
    assert [answer is None for answer in answers] == [True, False, True, True]
    anna.refresh_from_db()
    assert (anna.name, anna.company, len(numbers_of(anna))) == ("Anna Bos-Smit", "Bos BV", 3)
    assert set(Card.objects.values_list("name", flat=True)) == {"Anna Bos-Smit", "Ben", "Carla again"}


# --- Pages ----------------------------------------------------------------------------------------------------------------


def test_a_card_is_added_by_hand_and_found_by_name_company_reference_and_number(bob, acme):
    page = sent(bob, "card_new", name="Anna Bos", numbers="06 12345678\n020 1234567", company="Bos BV", reference="C-1")
    assert "“Anna Bos” has a card now." in text_of(page)
    assert set(numbers_of(Card.objects.get())) == {ANNA, ALSO_ANNA}
    sent(bob, "card_new", name="Ben", numbers=BEN)

    def found(text: str) -> list[str]:
        return [card.name for card in bob.get(url("cards"), {"q": text}).context["page"].items]

    for text in ("bos", "bv", "C-1", "06 1234567 8", "0031612345678", "+31 20", "020"):
        assert found(text) == ["Anna Bos"], text
    assert found("") == ["Anna Bos", "Ben"]
    assert found("nobody") == []


ELEVEN = ", ".join(f"06123456{n}" for n in range(70, 81))


@pytest.mark.parametrize(("numbers", "told"), [("x", "no telephone number"), (ELEVEN, "at most 10 numbers")])
def test_wrong_numbers_are_told_beside_their_field(bob, acme, numbers, told):
    answer = sent(bob, "card_new", name="Anna", numbers=numbers)
    assert answer.status_code == 422
    assert told in text_of(answer)


def test_a_card_is_edited_and_deleted(bob, anna):
    page = sent(bob, "card_edit", anna.pk, name="Anna Smit", numbers=ANNA)
    assert "Anna Smit" in text_of(page)
    assert "is deleted" in text_of(sent(bob, "card_delete", anna.pk))
    assert not Card.objects.exists()


def test_admins_say_where_cards_lead(client, cast, anna):
    client.force_login(cast.adam)
    assert sent(client, "card_link", link="javascript:{number}").status_code == 422
    sent(client, "card_link", link=LINK)
    page = client.get(url("card", anna.pk)).content.decode()
    assert 'href="https://crm.example/find?tel=%2B31612345678&amp;id=C%201%262"' in page
    client.force_login(cast.bob)
    assert client.get(url("card_link")).status_code == 403


def test_the_search_of_all_pages_finds_a_card(bob, anna):
    page = bob.get(reverse("search:found", args=["acme"]), {"q": "bos"})
    assert url("card", anna.pk) in page.content.decode()


# --- From a file ----------------------------------------------------------------------------------------------------------


@dataclass
class Company:
    tenant: Tenant

    def scope(self) -> AbstractContextManager[None]:
        return tenant_scope(self.tenant.pk)

    def work(self, rounds: int) -> None:
        """No vendor is asked anything."""


class Reception(Office):
    kind = "realtime.import_cards"

    def upload(self, content: str, **_ignored) -> object:
        file = SimpleUploadedFile("cards.csv", content.encode(), content_type="text/csv")
        return self.client.post(self.url("new", self.kind), {"form_key": str(uuid4()), "file": file})

    def tell(self, batch: Batch, **details) -> object:
        told = {f"column_{name}": str(at) for name, at in batch.columns.items()}
        return self.client.post(self.url("details", batch.pk), {"form_key": str(uuid4()), **told, **details})

    def imported(self, content: str):
        self.press("start", self.checked(content))
        return self.finish()


@pytest.fixture
def office(transactional_db, cast, client) -> Reception:
    client.force_login(cast.adam)
    return Reception(Company(cast.acme), client)


def test_a_file_becomes_cards(office):
    batch = office.imported(
        "Naam;Bedrijf;Telefoon;Klantnummer;Opmerking\n"
        "Anna Bos;Bos BV;06 12345678|020-1234567;C-1;Calls early\n"
        "Ben;;0031612345672;;\n"
    )
    assert (batch.state, batch.outcomes) == ("done", {"done": 2})
    with office.video.scope():
        anna = cards_for([ALSO_ANNA])[ALSO_ANNA]
        assert (anna.name, anna.company, anna.reference, anna.note) == ("Anna Bos", "Bos BV", "C-1", "Calls early")
        assert Card.objects.count() == 2


def test_bad_rows_are_named(office):
    batch = office.checked(
        f"name,numbers,note\nAnna,{ANNA},\nBen,x,\n,{BEN},\nCarla,06 1234 5678,\nDaan,{BEN},{'x' * 501}\n"
    )
    reasons = office.reasons(batch)
    assert "no telephone number" in reasons[3]
    assert reasons[4] == "“Name” is empty."
    assert reasons[5].startswith("The same as line 2")
    assert "longer than 500" in reasons[6]


def test_chosen_cards_are_deleted(office, cast):
    with office.video.scope():
        made = [
            add_card(cast.acme, Customer(name, [number]), acting_user=cast.bob)
            for name, number in (("A", ANNA), ("B", BEN))
        ]
    office.choose("realtime.delete_cards", "realtime.cards", pk=[made[0].pk])
    office.work()
    office.press("start", office.batch())
    office.finish()
    with office.video.scope():
        assert list(Card.objects.values_list("name", flat=True)) == ["B"]
