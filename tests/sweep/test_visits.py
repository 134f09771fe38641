"""Every tenant page as support on a visit sees it: walks the URL resolver, so a new page cannot slip through."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.db import connection, reset_queries, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.support.models import Visit
from portal.tenancy.models import Membership
from portal.tenancy.scope import staff_scope
from tests.fixtures.cast import sign_in_with_second_factor
from tests.sweep.addresses import METHODS, SAFE_METHODS, tenant_addresses, url_of

ADDRESSES = tenant_addresses()
SECRET = [address for address in ADDRESSES if address.view.reveals_secrets]
OPEN = [address for address in ADDRESSES if not address.view.reveals_secrets]
UNSAFE_METHODS = [method for method in METHODS if method not in SAFE_METHODS]
WRITE = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM) "(\w+)"')
# The page is on record, and so is the visit's end; nothing else may be written.
THE_TRAIL = {"audit_entry"}
# An UPDATE of rows that the visitor has none of: a notice is read by the member and by nobody else.
WITHOUT_ROWS = {"notices:open": {"notices_delivery"}}

every_page = pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)
every_open_page = pytest.mark.parametrize("address", OPEN, ids=lambda address: address.name)
every_secret_page = pytest.mark.parametrize("address", SECRET, ids=lambda address: address.name)


@dataclass
class Seen:
    response: HttpResponse
    written: set[str]


@pytest.fixture(scope="module")
def sue(world):
    """Sue on a visit to Acme with Alice's eyes, for looking only."""
    with transaction.atomic():
        with staff_scope():
            alice = Membership.objects.get(user=world.cast.alice)
        client = Client()
        sign_in_with_second_factor(client, world.cast.sue)
        form = {"reason": "ticket 4711", "member": alice.pk, "minutes": 60}
        begun = client.post(f"/admin/support/visit/add/?tenant={world.cast.acme.pk}", form)
        assert begun["Location"] == "/t/acme/"
        yield client
        transaction.set_rollback(True)


def look(client: Client, method: str, url: str, *, first: Callable[[], object] = lambda: None) -> Seen:
    """Send it, see which tables it wrote to, and take it back."""
    with transaction.atomic():
        first()
        # Django remembers the last 9,000 only, and a sweep sends more.
        reset_queries()
        with CaptureQueriesContext(connection) as asked:
            response = client.generic(method, url)
        transaction.set_rollback(True)
    writes = (WRITE.match(query["sql"]) for query in asked.captured_queries)
    return Seen(response, {write[1] for write in writes if write})


def let_change() -> None:
    with staff_scope():
        Visit.objects.update(may_change=True)


def end() -> None:
    with staff_scope():
        Visit.objects.update(ends_at="2026-01-01T00:00Z")


@every_page
def test_nothing_is_changed_on_a_visit_for_looking(address, sue, world):
    for method in UNSAFE_METHODS:
        seen = look(sue, method, url_of(address, "acme", world.acme[address.name]))
        assert (method, seen.response.status_code) == (method, 403)
        assert seen.written <= THE_TRAIL


@every_open_page
def test_the_same_pages_can_be_looked_at(address, sue, world):
    """Without this control the refusals above prove nothing. Looking leaves a line in the trail, and nothing else."""
    seen = look(sue, "GET", url_of(address, "acme", world.acme[address.name]))
    assert seen.response.status_code in (200, 302, 405)
    if seen.response.status_code == 302:
        assert seen.response["Location"].startswith("/t/acme/")
    assert seen.written - WITHOUT_ROWS.get(address.name, set()) == THE_TRAIL


@every_open_page
def test_a_visit_that_may_change_gets_past_the_door(address, sue, world):
    seen = look(sue, "POST", url_of(address, "acme", world.acme[address.name]), first=let_change)
    assert seen.response.status_code in (200, 302, 405, 422)


@every_secret_page
def test_secrets_stay_hidden_whatever_the_visit_allows(address, sue, world):
    for method in METHODS:
        seen = look(sue, method, url_of(address, "acme", world.acme[address.name]), first=let_change)
        assert (method, seen.response.status_code) == (method, 403)
        assert seen.written <= THE_TRAIL


@every_page
def test_the_door_of_another_company_stays_closed(address, sue, world):
    for method in METHODS:
        seen = look(sue, method, url_of(address, "globex", world.globex[address.name]))
        assert (method, seen.response.status_code) == (method, 404)


@every_page
def test_after_the_end_the_door_is_closed(address, sue, world):
    for method in METHODS:
        seen = look(sue, method, url_of(address, "acme", world.acme[address.name]), first=end)
        assert (method, seen.response.status_code, seen.written) == (method, 404, set())


@every_page
def test_a_page_whose_code_reveals_something_says_so_at_its_door(address):
    """By the names of what it calls: `….reveal()`, `reveal_password(…)`."""
    source = inspect.getsource(inspect.unwrap(address.view))
    assert not re.search(r"\breveal(_\w+)?\(", source) or address.view.reveals_secrets


def test_there_are_secrets_to_keep():
    assert "provisioning:credentials" in {address.name for address in SECRET}
