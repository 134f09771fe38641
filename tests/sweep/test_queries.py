"""No page of a tenant asks the database more often than agreed, also where a second factor is demanded.

That it asks as often with many rows as with one is for the tests of each app.
"""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope
from tests.fixtures.cast import TOTP_SECRET, sign_in_with_second_factor
from tests.sweep.addresses import tenant_addresses, url_of

# Session, person, memberships, and what opens, narrows and ends the scope of the request included.
MOST_QUERIES = 11
# Inside a test's transaction the scope is put back by hand; a request's own transaction ends, and the scope with it.
PUT_BACK = 1


@pytest.fixture(scope="module")
def alice(world):
    """Alice with a second factor, which Acme demands."""
    with transaction.atomic():
        with staff_scope():
            Tenant.objects.filter(slug="acme").update(require_mfa=True)
        TOTP.activate(world.cast.alice, TOTP_SECRET)
        client = Client()
        sign_in_with_second_factor(client, world.cast.alice)
        yield client
        transaction.set_rollback(True)


@pytest.mark.parametrize("address", tenant_addresses(), ids=lambda address: address.name)
def test_a_page_costs_few_queries(address, alice, world):
    with transaction.atomic(), CaptureQueriesContext(connection) as asked:
        answer = alice.get(url_of(address, "acme", world.acme[address.name]))
        transaction.set_rollback(True)
    assert answer.status_code in (200, 302, 405)
    assert len(asked) <= MOST_QUERIES + PUT_BACK, [query["sql"] for query in asked.captured_queries]
