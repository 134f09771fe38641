"""Which words a row has, and that they stay true whoever writes the row."""

import pytest
from django.db import ProgrammingError, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.search.folding import fold
from portal.search.models import Word
from portal.tenancy.models import Membership, Role, User
from portal.tenancy.scope import staff_scope, tenant_scope, user_scope
from provisioning.models import Subscriber
from tests.provisioning.samples import some_subscriber, stocked_product

pytestmark = pytest.mark.django_db
any_database = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)


def ask(query: str, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(query, parameters)
        return cursor.fetchone()[0]


def words_of(texts: list[str], codes: list[str] | None = None) -> set[str]:
    return set(ask("select search_words(%s::text[], %s::text[])", texts, codes or []))


def words_in(tenant, kind: str, pk: int) -> set[str]:
    with tenant_scope(tenant.pk):
        return set(Word.objects.filter(kind=kind, object_id=pk).values_list("word", flat=True))


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
@any_database
def test_the_database_folds_as_python_does(db, text):
    assert ask("select search_fold(%s)", text) == fold(text)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("John.Smith", "john smith"),
        ("  Žofie–Łucja  Møller ", "zofie lucja moller"),
        ("STRASSE straße", "strasse strasse"),
        ("Ægir ΑΘΗΝΑ Москва", "aegir αθηνα москва"),
        ("e\u0301te\u0301", "ete"),
        ("+31 (0)20", "31 0 20"),
        ("…", ""),
    ],
)
def test_accents_case_and_separators_do_not_matter(text, folded):
    assert fold(text) == ask("select search_fold(%s)", text) == folded


def test_a_value_is_found_from_each_of_its_words_on():
    assert words_of(["John.Smith@acme.example.com"]) == {
        "john smith acme example com",
        "smith acme example com",
        "acme example com",
    }


@pytest.mark.parametrize(
    ("texts", "codes", "words"),
    [
        (["ORD-2026-000123"], [], {"ord 2026 000123", "2026 000123", "000123", "2026000123"}),
        (["+31 (0)20-123"], [], {"31 0 20 123", "0 20 123", "20 123", "123", "31020123"}),
        ([], ["3f2a-11", "17"], {"3f2a 11", "17"}),
        (["anna", "anna@acme.com"], [], {"anna acme com", "acme com"}),
        (["@acme.com"], [], {"acme com"}),
        (["one two three four five six seven eight nine"], [], None),
        (["x" * 100], ["y" * 100], {"x" * 60, "y" * 60}),
        (["", "…"], [""], set()),
    ],
)
def test_words_of_numbers_codes_and_long_values(texts, codes, words):
    found = words_of(texts, codes)
    assert found == words if words is not None else len(found) == 8


def test_a_column_without_a_value_has_no_words():
    assert ask("select search_words(array[null]::text[], array[null]::text[])") == []


@pytest.fixture
def product(cast):
    with tenant_scope(cast.acme.pk):
        return stocked_product(cast.acme, total=5)


@pytest.fixture
def anna(cast, product) -> Subscriber:
    with tenant_scope(cast.acme.pk):
        return some_subscriber(product, cast.alice, "anna.smith", vendor_id="S-1", identity="")


class TestWordsFollowTheRow:
    KIND = "provisioning.subscriber"

    def test_when_it_is_made(self, cast, anna):
        assert words_in(cast.acme, self.KIND, anna.pk) == {"anna smith", "smith", "s 1"}

    def test_when_it_is_saved(self, cast, anna):
        with tenant_scope(cast.acme.pk):
            anna.identity = "anna.smith@acme.com"
            anna.save()
        words = {"anna smith acme com", "smith acme com", "acme com", "s 1"}
        assert words_in(cast.acme, self.KIND, anna.pk) == words

    def test_when_many_are_changed_at_once(self, cast, anna, product):
        with tenant_scope(cast.acme.pk):
            bert = some_subscriber(product, cast.alice, "bert", vendor_id="", identity="")
            Subscriber.objects.update(vendor_id="S-9")
        assert words_in(cast.acme, self.KIND, anna.pk) == {"anna smith", "smith", "s 9"}
        assert words_in(cast.acme, self.KIND, bert.pk) == {"bert", "s 9"}

    def test_when_they_are_merged(self, cast, anna):
        merge = (
            "merge into provisioning_subscriber old using (values (%s::bigint, 'anna.jones')) new (id, username)"
            " on old.id = new.id when matched then update set username = new.username"
        )
        with tenant_scope(cast.acme.pk), connection.cursor() as cursor:
            cursor.execute(merge, [anna.pk])
        assert words_in(cast.acme, self.KIND, anna.pk) == {"anna jones", "jones", "s 1"}

    def test_when_it_is_deleted(self, cast, anna):
        with tenant_scope(cast.acme.pk), connection.cursor() as cursor:
            cursor.execute("delete from provisioning_subscriber where id = %s", [anna.pk])
        assert words_in(cast.acme, self.KIND, anna.pk) == set()

    def test_when_support_staff_writes_it(self, cast, anna):
        with staff_scope():
            Subscriber.objects.filter(pk=anna.pk).update(username="anna.brown")
        assert "anna brown" in words_in(cast.acme, self.KIND, anna.pk)

    def test_and_nothing_is_written_when_no_word_changes(self, cast, anna):
        def places():
            with tenant_scope(cast.acme.pk), connection.cursor() as cursor:
                cursor.execute("select ctid::text from search_word order by 1")
                return cursor.fetchall()

        before = places()
        with tenant_scope(cast.acme.pk):
            anna.state = Subscriber.State.DELETING
            anna.save()
        assert places() == before


class TestPeople:
    KIND = "tenancy.membership"

    @pytest.fixture
    def both(self, cast) -> tuple[Membership, Membership]:
        """Bob belongs to Acme and to Globex."""
        with staff_scope():
            at_globex = Membership.objects.create(tenant=cast.globex, user=cast.bob, role=Role.VIEWER)
            return Membership.objects.get(tenant=cast.acme, user=cast.bob), at_globex

    def test_a_member_is_found_by_name_and_address(self, cast, both):
        assert words_in(cast.acme, self.KIND, both[0].pk) == {"bob example com", "example com"}

    @pytest.mark.parametrize(
        "scope", [lambda bob: user_scope(bob.pk), lambda bob: staff_scope(), lambda bob: user_scope(None)]
    )
    def test_a_new_name_is_known_in_each_company(self, cast, both, scope):
        with scope(cast.bob):
            User.objects.filter(pk=cast.bob.pk).update(name="Robert Tables")
        for tenant, member in zip((cast.acme, cast.globex), both, strict=True):
            assert "robert tables" in words_in(tenant, self.KIND, member.pk)

    def test_it_is_known_when_the_person_is_inside_one_of_them_too(self, cast, both):
        with tenant_scope(cast.globex.pk):
            User.objects.filter(pk=cast.bob.pk).update(email="robert@tables.example")
            assert Membership.objects.filter(tenant=cast.globex).exists()
            assert not Membership.objects.exclude(tenant=cast.globex).exists()
        for tenant, member in zip((cast.acme, cast.globex), both, strict=True):
            assert "robert tables example" in words_in(tenant, self.KIND, member.pk)

    def test_who_leaves_is_not_found(self, cast, both):
        with tenant_scope(cast.acme.pk):
            Membership.objects.filter(pk=both[0].pk).delete()
        assert words_in(cast.acme, self.KIND, both[0].pk) == set()
        assert words_in(cast.globex, self.KIND, both[1].pk)


class TestTheWall:
    def test_words_of_another_company_are_not_seen(self, cast, anna):
        with tenant_scope(cast.globex.pk):
            assert not Word.objects.filter(kind="provisioning.subscriber").exists()

    def test_words_of_another_company_are_not_written(self, cast, anna):
        with pytest.raises(ProgrammingError, match="row-level security"), tenant_scope(cast.globex.pk):
            Word.objects.create(tenant=cast.acme, kind="provisioning.subscriber", object_id=anna.pk, word="spam")
