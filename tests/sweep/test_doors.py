"""Every tenant page, with every method, as everybody: walks the URL resolver, so a new page cannot slip through."""

import pytest

from portal.tenancy.models import Role, Tenant
from portal.tenancy.scope import staff_scope
from tests.sweep.addresses import METHODS, SAFE_METHODS, tenant_addresses, url_of

ADDRESSES = tenant_addresses()
every_tenant_page = pytest.mark.parametrize("address", ADDRESSES, ids=lambda address: address.name)
with_a_number = pytest.mark.parametrize(
    "address", [address for address in ADDRESSES if address.numbers], ids=lambda address: address.name
)

# Never given out; beyond every row; beyond a bigint by one; beyond everything.
NO_SUCH_ROWS = [0, 2**31, 2**63, 10**30]
NO_NUMBERS = ["-1", "1.5", "0x10", "%00", "%E0%A5%A7"]


@pytest.fixture
def sample(address, world):
    """What the address takes in Acme. An app whose sample is missing fails here, by name."""
    app = address.package.partition(".views")[0].rpartition(".")[2]
    assert address.name in world.acme, f"tests/{app}/samples.py has no {address.name}"
    return world.acme[address.name]


def leads_into(slug, response) -> bool:
    """A redirect to another page of the same company, as from a page that is there for its POST."""
    return response.status_code == 302 and response["Location"].startswith(f"/t/{slug}/")


@every_tenant_page
def test_every_tenant_page_has_the_door(address):
    assert isinstance(getattr(address.view, "tenant_role", None), Role), (
        f"{address.route} has no @tenant_view outermost"
    )


def test_there_are_tenant_pages_to_sweep():
    assert {"tenancy:home", "tenancy:people", "tenancy:settings"} <= {address.name for address in ADDRESSES}


def test_no_sample_stands_for_a_page_that_is_gone(world):
    assert set(world.acme) - {address.name for address in ADDRESSES} == set()


@every_tenant_page
def test_nobody_is_led_to_the_sign_in(address, sample, knock):
    for method in METHODS:
        response = knock(None, method, url_of(address, "acme", sample))
        assert (method, response.status_code) == (method, 302)
        assert response["Location"].startswith("/accounts/login/")
        assert response.content == b""


@every_tenant_page
def test_a_stranger_gets_404_by_acmes_door(address, people, sample, knock):
    for method in METHODS:
        status = knock(people.charlie, method, url_of(address, "acme", sample)).status_code
        assert (method, status) == (method, 404)


@every_tenant_page
def test_support_staff_gets_404_by_a_tenants_door(address, people, sample, knock):
    assert knock(people.sue, "GET", url_of(address, "acme", sample)).status_code == 404


@with_a_number
def test_a_stranger_gets_404_for_acmes_rows_by_the_own_door(address, people, sample, world, knock):
    """But 405 where the page has no such method, for any row."""
    for method in METHODS:
        status = knock(people.charlie, method, url_of(address, "globex", sample)).status_code
        if method != "OPTIONS" and status != 404:
            own = knock(people.charlie, method, url_of(address, "globex", world.globex[address.name])).status_code
            assert (method, status, own) == (method, 405, 405)


@every_tenant_page
def test_the_same_page_opens_for_its_members(address, people, sample, world, knock):
    """Without this control the refusals above prove nothing."""
    for slug, person, kwargs in (
        ("acme", people.alice, sample),
        ("globex", people.charlie, world.globex[address.name]),
    ):
        url = url_of(address, slug, kwargs)
        response = knock(person, "GET", url)
        assert response.status_code in (200, 405) or leads_into(slug, response), response.status_code
        if response.status_code != 200:
            assert knock(person, "POST", url).status_code in (200, 302, 422)


@every_tenant_page
def test_each_role_is_let_in_or_refused_as_the_door_says(address, people, sample, knock):
    url = url_of(address, "acme", sample)
    for role, person in people.members_of_acme().items():
        for method in METHODS:
            status = knock(person, method, url).status_code
            if address.view.tenant_role.admits(role):
                assert status not in (403, 404), (role, method, status)
                assert status < 500, (role, method, status)
            else:
                assert (role, method, status) == (role, method, 403)


@every_tenant_page
def test_a_suspended_tenant_may_look_but_not_change(address, people, sample, knock):
    def suspend():
        with staff_scope():
            Tenant.objects.filter(slug="acme").update(state=Tenant.State.SUSPENDED)

    for method in METHODS:
        response = knock(people.alice, method, url_of(address, "acme", sample), first=suspend)
        if method in SAFE_METHODS:
            assert response.status_code in (200, 405) or leads_into("acme", response), (method, response.status_code)
        else:
            assert (method, response.status_code) == (method, 403)


@with_a_number
def test_a_number_that_is_no_row_is_not_found(address, people, sample, knock):
    for method in ("GET", "POST"):
        if knock(people.alice, method, url_of(address, "acme", sample)).status_code != 405:
            for number in NO_SUCH_ROWS:
                url = url_of(address, "acme", {**sample, address.numbers[-1]: number})
                assert (method, number, knock(people.alice, method, url).status_code) == (method, number, 404)


@with_a_number
def test_what_is_no_number_is_not_found(address, people, sample, knock):
    url = url_of(address, "acme", {**sample, address.numbers[-1]: 987654321})
    for word in NO_NUMBERS:
        assert (word, knock(people.alice, "GET", url.replace("987654321", word)).status_code) == (word, 404)
