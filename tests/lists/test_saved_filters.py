"""Filters by name: whose they are, who sees them, and how many there may be."""

import re
from uuid import uuid4

import pytest

from portal.audit.models import Entry
from portal.lists.models import SavedFilter
from portal.lists.saved import MOST_PER_LIST
from portal.tenancy.scope import tenant_scope
from tests.lists.conftest import page_url, url
from tests.lists.samples import some_filter
from tests.provisioning.pages import text_of

LIST = "operations.operations"


def save(client, name="Lost", key=LIST, **fields):
    values = {"form_key": str(uuid4()), "name": name, "query": "status=done", "fixed": "", **fields}
    return client.post(url("save_filter", key), values)


def names_on(client) -> list[str]:
    """The chips above the list, each by the last text in it."""
    chips = re.findall(r'class="pb-chip"(.*?)</a>', client.get(page_url(LIST)).content.decode(), re.DOTALL)
    return [chip.rpartition(">")[2].strip() for chip in chips]


@pytest.fixture
def kept(cast):
    def all_of_them() -> list[SavedFilter]:
        with tenant_scope(cast.acme.pk):
            return list(SavedFilter.objects.order_by("pk"))

    return all_of_them


def test_a_filter_is_kept_above_the_list_and_leads_to_it(as_person, kept):
    bob = as_person("bob")
    answer = save(bob, query="cursor=x&status=done&nonsense=1&sort=-what&q=")
    assert answer["Location"] == page_url(LIST, status="done", sort="-what")
    assert [one.query for one in kept()] == ["status=done&sort=-what"]
    assert names_on(bob) == ["Lost"]
    assert 'aria-current="true"' in bob.get(answer["Location"]).content.decode()


def test_it_is_ones_own_until_an_admin_shares_it(as_person):
    bob, vera, adam = (as_person(name) for name in ("bob", "vera", "adam"))
    save(bob, "Mine", shared="on")
    save(adam, "Ours", shared="on")
    assert names_on(bob) == ["Mine", "Ours"]
    assert names_on(vera) == ["Ours"]


def test_the_same_name_replaces(as_person, kept):
    bob = as_person("bob")
    save(bob)
    save(bob, query="status=refused")
    assert [one.query for one in kept()] == ["status=refused"]


def test_nobody_keeps_more_than_one_may(as_person, kept):
    bob = as_person("bob")
    for number in range(MOST_PER_LIST + 1):
        answer = save(bob, f"Filter {number}")
    assert len(kept()) == MOST_PER_LIST
    assert "Delete one first" in text_of(bob.get(answer["Location"]))


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"name": "x" * 61}, {"query": ""}, {"query": "since=soon"}, {"form_key": ""}]
)
def test_what_is_wrong_is_not_kept(as_person, kept, wrong):
    assert save(as_person("bob"), **wrong).status_code == 302
    assert kept() == []


def test_of_a_list_that_ones_role_does_not_open_nothing_is_kept(as_person, kept):
    assert save(as_person("vera"), key="vendors.calls", query="method=GET").status_code == 403
    assert save(as_person("vera"), key="no.list").status_code == 404
    assert kept() == []


@pytest.mark.parametrize(
    ("who", "shared", "status"),
    [("bob", False, 302), ("adam", False, 404), ("vera", True, 404), ("adam", True, 302), ("charlie", True, 404)],
)
def test_who_may_delete_what_bob_keeps(as_person, cast, kept, who, shared, status):
    with tenant_scope(cast.acme.pk):
        bobs = some_filter(cast.acme, cast.bob, shared=shared)
    answer = as_person(who).post(url("delete_filter", bobs.pk), {"form_key": str(uuid4())})
    assert answer.status_code == status
    assert bool(kept()) == (status == 404)


def test_sharing_is_on_record(as_person, cast):
    save(as_person("adam"), shared="on")
    with tenant_scope(cast.acme.pk):
        entry = Entry.objects.get(action="lists.filter_shared")
    assert entry.actor == cast.adam
    assert entry.after == {"list": LIST, "filter": "status=done"}


def test_of_another_company_nothing_is_seen(as_person, cast):
    with tenant_scope(cast.globex.pk):
        some_filter(cast.globex, cast.charlie, "Secret", shared=True)
    assert names_on(as_person("alice")) == []
