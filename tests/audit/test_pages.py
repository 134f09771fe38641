"""The audit page: what it tells, to whom, and of whom not."""

import re

import pytest
from django.urls import reverse

from portal.audit.chain import chain_waiting
from portal.audit.context import acting_for
from portal.audit.forms import EntryFilter
from portal.audit.labels import label_of
from portal.audit.lists import ENTRIES
from portal.audit.models import Entry
from portal.audit.trail import record
from portal.audit.verification import heads
from portal.tenancy.scope import tenant_scope, user_scope
from tests.fixtures.database import superuser

pytestmark = pytest.mark.django_db

LIST = "/t/acme/audit/"


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def trail(cast) -> Entry:
    """Alice changed the language; Bob asked for something; returns Alice's entry."""
    with tenant_scope(cast.acme.pk), acting_for("click-of-alice"):
        entry = record(
            "tenancy.settings_changed",
            cast.acme,
            before={"language": "en", "require_mfa": False},
            after={"language": "nl", "require_mfa": False},
            reason="The office is in Utrecht.",
            acting_user=cast.alice,
        )
    with tenant_scope(cast.acme.pk):
        record("vendors.connection_tested", cast.acme, on_behalf_of=cast.vera, acting_user=cast.bob)
    return entry


def text_of(response) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def acts(client, query: str = "") -> set[str]:
    """Which of the two acts of the trail are listed."""
    html = client.get(f"{LIST}?{query}").content.decode()
    body = html.partition("<tbody>")[2]
    return {name for name in ("Settings changed", "Connection tested") if name in body}


def test_acts_are_told_in_words_with_who_why_and_what_changed(alice, trail):
    shown = text_of(alice.get(LIST))
    for words in (
        "Settings changed",
        "alice@example.com",
        "The office is in Utrecht.",
        "on behalf of vera@example.com",
    ):
        assert words in shown
    assert re.search(r"Language\s+en\s+nl", shown)


def test_an_act_is_shown_by_itself_with_both_sides(alice, trail):
    html = alice.get(f"{LIST}{trail.pk}/").content.decode()
    assert "<del>en</del>" in html
    assert "<ins>nl</ins>" in html
    assert "<ins>no</ins>" not in html
    assert "tenancy.settings_changed" in html


def test_an_act_without_a_label_shows_its_name():
    assert label_of("no.such_act") == "no.such_act"


def test_filters_narrow_the_list(alice, trail, cast):
    both = {"Settings changed", "Connection tested"}
    for query, found in {
        f"person={cast.alice.pk}": {"Settings changed"},
        f"person={cast.vera.pk}": {"Connection tested"},
        f"person={cast.charlie.pk}": set(),
        "person=0": set(),
        "q=ALICE": {"Settings changed"},
        "q=vera": {"Connection tested"},
        "q=utrecht": {"Settings changed"},
        "q=acm": both,
        "q=100%25": set(),
        "action=vendors.connection_tested": {"Connection tested"},
        "action=no.such_act": both,
        "request=click-of-alice": {"Settings changed"},
        "request=another": set(),
        f"object=tenancy.tenant:{cast.acme.pk}": both,
        "object=tenancy.tenant:999999": set(),
        "since=2000-01-01": both,
        "until=2000-01-01": set(),
        "since=2199-01-01": set(),
        "since=2999-01-01": both,
        "until=9999-12-31": both,
        "since=yesterday": both,
        "person=alice": both,
        "person=99999999999999999999": both,
        "object=operations.operation": both,
        "q=%00": both,
    }.items():
        assert acts(alice, query) == found, query


def test_a_search_ends_where_it_would_read_too_much(alice, trail, cast, monkeypatch):
    monkeypatch.setattr("portal.audit.forms.SEARCHED", 1)
    assert acts(alice, "q=bob") == {"Connection tested"}
    assert acts(alice, "q=alice") == set()
    assert acts(alice, "q=alice&action=tenancy.settings_changed") == {"Settings changed"}


@pytest.mark.django_db(transaction=True)
def test_a_filter_finds_its_rows_by_an_index_also_behind_the_wall(cast):
    """Among many: the wall keeps from an index what might tell of other tenants' rows."""
    superuser().execute(MANY_ENTRIES.format(tenant=cast.acme.pk))
    superuser().execute("analyze audit_entry")
    for asked, index in (
        ({"person": "7"}, "audit_by_actor"),
        ({"action": "tenancy.tenant_resumed"}, "audit_by_action"),
        ({"request": "click7"}, "audit_by_request"),
        ({"object": "x.thing:7"}, "audit_by_object"),
        ({}, "audit_by_tenant"),
    ):
        with tenant_scope(cast.acme.pk):
            rows = EntryFilter(asked).narrow(Entry.objects.of_tenant(cast.acme), cast.acme.zone)
            plan = rows.order_by("-at", "-pk")[:51].explain()
        assert index in plan, asked
        assert "Seq Scan" not in plan, asked


MANY_ENTRIES = """insert into audit_entry (tenant_id, at, actor_id, actor_label, on_behalf_of_label, request_id, action,
 object_type, object_id, object_label, reason)
 select {tenant} + n % 3, now() - n * interval '1 second', n % 2000, 'who', '', 'click' || n,
 case n % 2000 when 7 then 'tenancy.tenant_resumed' else 'x.y' end, 'x.thing', n, 'thing', ''
 from generate_series(1, 20000) n"""


def test_the_end_of_the_chain_is_shown(alice, trail, cast):
    assert "Tamper-evident" not in text_of(alice.get(LIST))
    chain_waiting()
    (head,) = heads()
    page = alice.get(LIST)
    assert "Tamper-evident: 2 entries are chained" in text_of(page)
    assert head.digest[:12] in text_of(page)
    assert str(head) in page.content.decode()


def test_the_trail_comes_as_csv(alice, trail):
    """By what all lists have; the columns are the trail's own."""
    answer = alice.get(LIST)
    assert reverse("lists:export", args=["acme", "audit.entries"]) in answer.content.decode()
    told = {column.name: column.value(trail) for column in ENTRIES.columns}
    assert (told["who"], told["act"], told["reason"]) == (
        "alice@example.com",
        "tenancy.settings_changed",
        "The office is in Utrecht.",
    )
    assert told["after"] == '{"language": "nl", "require_mfa": false}'


def test_days_are_the_tenants_own(alice, trail, cast):
    """Amsterdam's 1 July begins two hours before that of UTC."""
    with tenant_scope(cast.acme.pk):
        Entry.objects.create(at="2026-06-30T22:30:00Z", tenant=cast.acme, actor_label="late@example.com", action="x.y")
    assert "late@example.com" in text_of(alice.get(f"{LIST}?since=2026-07-01&until=2026-07-01"))
    assert "late@example.com" not in text_of(alice.get(f"{LIST}?since=2026-06-30&until=2026-06-30"))


def test_nothing_of_another_tenant_is_shown(client, trail, cast):
    client.force_login(cast.charlie)
    assert "Utrecht" not in client.get("/t/globex/audit/").content.decode()
    assert client.get(f"/t/globex/audit/{trail.pk}/").status_code == 404
    assert client.get(LIST).status_code == 404


def test_what_the_reader_did_outside_any_tenant_is_not_the_tenants(alice, cast):
    with user_scope(cast.alice.pk):
        own = record("account.signed_in", cast.alice, acting_user=cast.alice)
    assert "account.signed_in" not in alice.get(LIST).content.decode()
    assert alice.get(f"{LIST}{own.pk}/").status_code == 404


def test_it_is_for_admins_and_owners(client, trail, cast):
    for name, person in cast.members_of_acme().items():
        client.force_login(person)
        expected = 200 if name in ("owner", "admin") else 403
        assert {client.get(LIST).status_code, client.get(f"{LIST}{trail.pk}/").status_code} == {expected}


def test_a_reason_cannot_bring_markup_into_the_page(alice, cast):
    with tenant_scope(cast.acme.pk):
        entry = record(
            "x.y", cast.acme, after={"<b>": "<i>"}, reason="<script>alert(1)</script>", acting_user=cast.alice
        )
    html = alice.get(LIST).content.decode() + alice.get(f"{LIST}{entry.pk}/").content.decode()
    for markup in ("<script>alert", "<b>", "<i>"):
        assert markup not in html


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rows", [3, 120])
def test_the_page_takes_few_queries(alice, cast, rows, django_assert_max_num_queries):
    with tenant_scope(cast.acme.pk):
        for _ in range(rows):
            entry = record("x.y", cast.acme, after={"a": 1}, acting_user=cast.alice)
    for url in (LIST, f"{LIST}{entry.pk}/"):
        with django_assert_max_num_queries(11):
            assert alice.get(url).status_code == 200
