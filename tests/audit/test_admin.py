"""The audit trail in the Django admin: of all tenants and outside any, to be read only."""

import pytest

from portal.audit.trail import record
from portal.tenancy.scope import staff_scope, user_scope
from tests.fixtures.cast import sign_in_with_second_factor

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/entry/"


@pytest.fixture
def sue(client, cast):
    sign_in_with_second_factor(client, cast.sue)
    return client


def test_staff_reads_the_acts_of_all_tenants_and_outside_any(sue, cast):
    with staff_scope():
        record("tenancy.settings_changed", cast.acme, acting_user=cast.alice)
        record("tenancy.settings_changed", cast.globex, acting_user=cast.charlie)
    with user_scope(cast.bob.pk):
        record("account.signed_in", cast.bob, acting_user=cast.bob)
    page = sue.get(LIST).text
    for who in ("alice@example.com", "charlie@example.com", "bob@example.com"):
        assert who in page
    found = sue.get(f"{LIST}?q=globex&act=tenancy.settings_changed").text
    assert ("charlie@example.com" in found, "alice@example.com" in found) == (True, False)


def test_an_entry_can_be_opened_and_neither_changed_nor_removed(sue, cast):
    with staff_scope():
        entry = record("tenancy.settings_changed", cast.acme, reason="The office moved.", acting_user=cast.alice)
    url = f"{LIST}{entry.pk}/change/"
    assert "The office moved." in sue.get(url).text
    assert sue.post(url, {"reason": "another"}).status_code == 403
    assert sue.post(f"{LIST}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert sue.get(f"{LIST}add/").status_code == 403
