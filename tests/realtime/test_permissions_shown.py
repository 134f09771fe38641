"""What a page cannot do for want of a permission, and what was lost, is said on that very page, with the way to ask again."""

import re

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from realtime.grants.models import Grant
from tests.fixtures.barriers import in_both_themes
from tests.provisioning.pages import text_of
from tests.realtime.boards import ALL_SCOPES, Office
from tests.realtime.pages import url
from tests.realtime.samples import some_connection
from tests.slice.conftest import session_cookie
from tests.sweep.test_queries import MOST_QUERIES, PUT_BACK

DIRECTORY = ["company.users", "company.dialplans", "user.info"]
NOT_YET = "This was not allowed at the vendor yet"
LOST = "calls are neither shown nor steered"


@pytest.fixture
def office(transactional_db, cast) -> Office:
    return Office(cast.acme, cast.alice)


@pytest.fixture
def alice(client, cast):
    client.force_login(cast.alice)
    return client


@pytest.fixture
def pages(office) -> dict[str, str]:
    """The four pages that live calls are looked at on."""
    reception = office.extension("Reception", "201")
    return {
        "board": url("board"),
        "calls": url("calls"),
        "directory": url("directory"),
        "extension": url("extension", reception.pk),
    }


def asked_for(page) -> set[str]:
    """The purposes that links of the page ask for."""
    return set(re.findall(r"purpose=(\w+)#company", page.content.decode()))


@pytest.mark.parametrize(
    ("name", "purposes"),
    [
        ("board", {"events", "steer", "call"}),
        ("calls", {"events"}),
        ("directory", {"directory"}),
        ("extension", {"directory"}),
    ],
)
def test_a_page_says_what_it_lacks_and_how_to_ask_for_it(office, pages, alice, name, purposes):
    page = alice.get(pages[name])
    assert NOT_YET in text_of(page)
    assert asked_for(page) == purposes
    office.grant([*ALL_SCOPES, *DIRECTORY])
    page = alice.get(pages[name])
    assert NOT_YET not in text_of(page)
    assert asked_for(page) == set()


@pytest.mark.parametrize("name", ["board", "calls", "directory", "extension"])
def test_what_was_lost_is_on_every_page_and_not_told_as_never_allowed(office, cast, pages, alice, name):
    office.grant([*ALL_SCOPES, *DIRECTORY])
    assert LOST not in text_of(alice.get(pages[name]))
    with office.scope():
        Grant.objects.update(state=Grant.State.LOST)
    said = text_of(alice.get(pages[name]))
    assert LOST in said
    assert NOT_YET not in said


def test_a_person_is_told_of_no_other_persons_lost_permission(office, cast, pages, alice, client):
    office.grant(["calls.manage.personal"], cast.vera)
    with office.scope():
        Grant.objects.update(state=Grant.State.LOST)
    assert "Your own permission" not in text_of(alice.get(pages["board"]))
    client.force_login(cast.vera)
    assert "Your own permission" in text_of(client.get(pages["board"]))


def test_who_may_not_connect_is_told_who_may(office, cast, pages, client):
    client.force_login(cast.bob)
    page = client.get(pages["board"])
    assert "An owner or an admin can ask for it" in text_of(page)
    assert asked_for(page) == set()


def test_a_viewer_is_led_to_a_permission_of_her_own(office, cast, pages, client):
    office.grant(ALL_SCOPES)
    client.force_login(cast.vera)
    page = client.get(pages["board"])
    assert "To act on those of your own telephone, allow it at the vendor" in text_of(page)
    assert f"{url('connect')}#own" in page.content.decode()


def test_of_several_telephone_systems_each_is_named(office, cast, pages, alice):
    second = Office(cast.acme, cast.alice, ALL_SCOPES, connection=_second(office))
    said = text_of(alice.get(pages["board"]))
    assert said.count(NOT_YET) == 1
    assert "Live calls: The live board with all calls" in said
    assert "Other house: The live board with all calls" not in said
    with office.scope():
        Grant.objects.filter(connection=second.connection).update(state=Grant.State.LOST)
    assert "The permission at Other house is lost" in text_of(alice.get(pages["board"]))


@pytest.mark.parametrize("name", ["board", "calls", "directory", "extension"])
def test_saying_it_costs_no_query_too_many(office, cast, pages, alice, name):
    _second(office)
    office.grant(["calls.create"])
    alice.get(pages[name])
    with transaction.atomic(), CaptureQueriesContext(database) as asked:
        alice.get(pages[name])
        transaction.set_rollback(True)
    assert len(asked) <= MOST_QUERIES + PUT_BACK, [query["sql"] for query in asked.captured_queries]


def test_another_companys_permissions_are_none_of_ours(office, cast, pages, alice):
    theirs = Office(cast.globex, cast.charlie, [*ALL_SCOPES, *DIRECTORY])
    with theirs.scope():
        Grant.objects.update(state=Grant.State.LOST)
    said = text_of(alice.get(pages["board"]))
    assert NOT_YET in said
    assert LOST not in said


@pytest.mark.browser
@pytest.mark.parametrize("name", ["board", "calls", "directory", "extension"])
def test_nothing_of_it_is_a_barrier(page, portal_server, office, cast, pages, name):
    office.grant(["calls.manage"])
    with office.scope():
        Grant.objects.update(state=Grant.State.LOST)
    _second(office)
    page.context.add_cookies([session_cookie(cast.alice, portal_server)])
    page.goto(pages[name])
    assert page.get_by_role("link", name="Connect again").count() == 1
    assert in_both_themes(page) == []


def _second(office):
    with office.scope():
        return some_connection(office.tenant, "Other house")
