"""Placing a call in a company with two telephone systems: the telephone that calls says over which one it goes."""

import re
from uuid import uuid4

import pytest

from portal.tenancy.scope import tenant_scope
from realtime.calls.models import CallAction
from tests.realtime.boards import Office
from tests.realtime.pages import url
from tests.realtime.samples import some_connection

CALL = ["calls.create"]


@pytest.fixture
def amsterdam(transactional_db, cast) -> Office:
    """The first by name, with Reception at 201."""
    with tenant_scope(cast.acme.pk):
        made = Office(cast.acme, cast.alice, CALL, connection=some_connection(cast.acme, "Amsterdam"))
    made.extension("Reception", "201")
    return made


@pytest.fixture
def brussels(amsterdam, cast) -> Office:
    """The second, with Accueil at 201 as well."""
    with tenant_scope(cast.acme.pk):
        made = Office(cast.acme, cast.alice, connection=some_connection(cast.acme, "Brussels"))
    made.extension("Accueil", "201", vendor_id="b" * 32)
    return made


@pytest.fixture
def bob(client, cast):
    client.force_login(cast.bob)
    return client


def choices(page) -> list[str]:
    """The telephones that the form offers."""
    html = str(page.context["form"]["from_extension"])
    return [text.strip() for text in re.findall(r"<option[^>]*>([^<]+)</option>", html)]


def chosen(page) -> str:
    return re.search(r'<option value="([^"]*)" selected', str(page.context["form"]["from_extension"])).group(1)


def place(client, **values):
    return client.post(url("call_place"), {"form_key": str(uuid4()), **values}, follow=True)


def asked(office) -> list[tuple[str, str]]:
    """(telephone system, telephone that calls) of what was asked for."""
    with office.scope():
        rows = CallAction.objects.select_related("connection", "from_extension").order_by("pk")
        return [(row.connection.name, str(row.from_extension)) for row in rows]


def test_with_one_telephone_system_there_is_nothing_to_choose(amsterdam, bob):
    page = bob.get(url("call_place"))
    assert choices(page) == ["My own telephone", "Reception (201)"]
    assert "<optgroup" not in page.content.decode()
    place(bob, to="+31612345678", from_extension="201")
    assert asked(amsterdam) == [("Amsterdam", "Reception")]


def test_the_same_number_in_two_systems_is_two_telephones(amsterdam, brussels, bob):
    brussels.grant(CALL)
    html = str(bob.get(url("call_place")).context["form"]["from_extension"])
    assert re.findall(r'<optgroup label="(\w+)"', html) == ["Amsterdam", "Brussels"]
    for office in (brussels, amsterdam):
        place(bob, to="+31612345678", from_extension=f"{office.connection.pk}:201")
    assert asked(amsterdam) == [("Brussels", "Accueil"), ("Amsterdam", "Reception")]


def test_only_where_it_is_allowed_are_other_telephones_offered(amsterdam, brussels, bob):
    """The grant of one telephone system lends nothing to another."""
    page = bob.get(url("call_place"))
    assert choices(page) == ["My own telephone (Amsterdam)", "Reception (201)", "My own telephone (Brussels)"]
    refused = place(bob, to="+31612345678", from_extension=f"{brussels.connection.pk}:201")
    assert refused.status_code == 422
    assert asked(amsterdam) == []


def test_ones_own_telephone_is_chosen_first(amsterdam, brussels, bob, cast):
    brussels.grant(CALL)
    assert chosen(bob.get(url("call_place"))) == f"{amsterdam.connection.pk}:"
    brussels.extension("Bob", "202", cast.bob, vendor_id="c" * 32)
    assert chosen(bob.get(url("call_place"))) == f"{brussels.connection.pk}:"
    place(bob, to="201", from_extension=f"{brussels.connection.pk}:")
    assert asked(amsterdam) == [("Brussels", "Bob")]


def test_from_a_co_workers_tile_their_own_system_is_chosen(amsterdam, brussels, bob):
    brussels.grant(CALL)
    board = bob.get(url("board")).content.decode()
    links = re.findall(r'href="([^"]*/place/\?connection=[^"]+)"', board)
    assert [chosen(bob.get(link.replace("&amp;", "&"))) for link in sorted(links)] == [
        f"{amsterdam.connection.pk}:",
        f"{brussels.connection.pk}:",
    ]


def test_a_telephone_system_of_somebody_else_is_not_there(amsterdam, brussels, bob, cast):
    with tenant_scope(cast.globex.pk):
        theirs = some_connection(cast.globex, "Globex")
    assert bob.get(url("call_place") + f"?connection={theirs.pk}").status_code == 404
    assert place(bob, to="201", from_extension=f"{theirs.pk}:").status_code == 422
    assert asked(amsterdam) == []
