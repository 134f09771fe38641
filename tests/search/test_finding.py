"""What a text finds, and in which order."""

import pytest

from portal.search.finding import best, matching, terms_of
from portal.tenancy.scope import staff_scope, tenant_scope
from provisioning.models import Order, Subscriber
from tests.provisioning.samples import some_order, some_subscriber, stocked_product

pytestmark = pytest.mark.django_db
KIND = "provisioning.subscriber"


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Anna", ["anna"]),
        ("anna.smith", ["anna smith"]),
        ("li Anna li", ["anna", "li"]),
        ("+31 20 123", ["3120123"]),
        ("2026-000123", ["2026000123"]),
        ("…  - ", []),
        ("", []),
        ("a b c d e f g h", ["a", "b", "c", "d", "e", "f"]),
        ("x" * 500, ["x" * 60]),
    ],
)
def test_a_text_is_its_words(text, terms):
    assert terms_of(text) == terms


@pytest.fixture
def acme(cast):
    """In Acme's scope, with a product to make subscribers of."""
    with tenant_scope(cast.acme.pk):
        cast.product = stocked_product(cast.acme, total=10)
        yield cast


@pytest.fixture
def named(acme):
    """`named("anna", …)`: subscribers of these usernames."""

    def make(*usernames: str, **fields) -> list[Subscriber]:
        fields = {"vendor_id": "", "identity": ""} | fields
        return [some_subscriber(acme.product, acme.alice, username, **fields) for username in usernames]

    return make


def names_found(text: str) -> set[str]:
    rows = Subscriber.objects.filter(matching(KIND, text))
    return set(rows.values_list("username", flat=True))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ann", {"anna.smith", "Annabel", "jo-ann"}),
        ("SMITH", {"anna.smith"}),
        ("anna_sm", {"anna.smith"}),
        ("smi ann", {"anna.smith"}),
        ("änna", {"anna.smith", "Annabel"}),
        ("nna", set()),
        ("anna jones", set()),
        ("!", set()),
    ],
)
def test_a_word_finds_what_begins_with_it(named, text, found):
    named("anna.smith", "Annabel", "jo-ann")
    assert names_found(text) == found


def test_a_like_pattern_is_no_pattern(named):
    named("anna")
    assert names_found("%") == names_found("_nna") == set()


def test_the_domain_of_an_identity_finds_it(named):
    named("anna", identity="anna@video.acme.example")
    assert names_found("video.acme") == names_found("anna@video") == {"anna"}


def test_an_order_is_found_by_its_number_however_it_is_written(acme):
    order = some_order(acme.product, acme.alice, number="ORD-2026-000123")
    for text in ("ord-2026", "ORD 2026 000123", "2026000123", "2026-000", "000123"):
        assert list(Order.objects.filter(matching("provisioning.order", text))) == [order], text


class TestTheBest:
    def best(self, cast, text: str, most: int = 8) -> list[int]:
        return best(cast.acme.pk, [KIND], text, most).get(KIND, [])

    def test_whole_words_come_first_then_the_newest(self, acme, named):
        annabel, first, second, annalise = named("annabel", "anna", "anna.smith", "annalise")
        assert self.best(acme, "anna") == [second.pk, first.pk, annalise.pk, annabel.pk]

    def test_no_more_than_asked_for(self, acme, named):
        made = named(*(f"anna{number}" for number in range(5)))
        assert self.best(acme, "anna", 2) == [made[4].pk, made[3].pk]

    def test_a_row_with_several_fitting_words_is_one_hit(self, acme, named):
        (row,) = named("anna.annabel", identity="annette@acme.example")
        assert self.best(acme, "ann") == [row.pk]

    def test_all_words_must_fit(self, acme, named):
        row, _ = named("anna.smith", "anna.jones")
        assert self.best(acme, "anna smi") == [row.pk]

    def test_kinds_do_not_mix(self, acme, named):
        (row,) = named("anna")
        assert best(acme.acme.pk, [KIND, "operations.operation"], "anna", 8)[KIND] == [row.pk]
        assert best(acme.acme.pk, ["provisioning.order"], "anna", 8) == {}


class TestTheWall:
    def test_charlie_finds_nothing_of_acme(self, acme, named):
        named("anna")
        with tenant_scope(acme.globex.pk):
            assert names_found("anna") == set()
            assert best(acme.acme.pk, [KIND], "anna", 8) == {}
            assert best(acme.globex.pk, [KIND], "anna", 8) == {}

    def test_staff_finds_over_all_tenants(self, acme, named):
        named("anna")
        with staff_scope():
            assert names_found("anna") == {"anna"}


@pytest.mark.parametrize("many", [1, 1_000], ids=["each row is asked", "they are collected"])
def test_many_rows_are_found_as_few_are(named, monkeypatch, many):
    """Where too many fit to name them, each row is asked, or the few that fit are collected, with the same answer."""
    named("anna.smith", "anna.jones", "bert")
    few = [names_found(text) for text in ("anna", "anna smi", "zzz")]
    monkeypatch.setattr("portal.search.finding.FEW", 0)
    monkeypatch.setattr("portal.search.finding.MANY", many)
    assert [names_found(text) for text in ("anna", "anna smi", "zzz")] == few
    assert few == [{"anna.smith", "anna.jones"}, {"anna.smith"}, set()]
