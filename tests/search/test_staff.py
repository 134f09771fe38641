"""Searching the admin's lists, over all tenants."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Call
from tests.fixtures.cast import sign_in_with_second_factor
from tests.provisioning.samples import some_subscriber, stocked_product
from tests.vendors.samples import samples

pytestmark = pytest.mark.django_db
MOST_QUERIES = 12


@pytest.fixture
def sue(client, cast):
    sign_in_with_second_factor(client, cast.sue)
    return client


@pytest.fixture
def both_annas(cast):
    """One at Acme, one at Globex."""
    made = []
    for tenant, owner in ((cast.acme, cast.alice), (cast.globex, cast.charlie)):
        with tenant_scope(tenant.pk):
            made.append(some_subscriber(stocked_product(tenant, total=2), owner, f"anna.{tenant.slug}"))
    return made


def found(client, model: str, text: str) -> set[int]:
    """Numbers of the rows that the list shows for `text`."""
    answer = client.get(reverse(f"admin:{model}_changelist"), {"q": text})
    assert answer.status_code == 200
    return {row.pk for row in answer.context["cl"].result_list}


def test_a_word_finds_rows_of_every_tenant(sue, both_annas):
    at_acme, at_globex = both_annas
    assert found(sue, "provisioning_subscriber", "anna") == {at_acme.pk, at_globex.pk}
    assert found(sue, "provisioning_subscriber", "S-anna.glob") == {at_globex.pk}
    assert found(sue, "provisioning_subscriber", "nna") == set()


def test_the_address_of_a_tenant_narrows_to_it(sue, both_annas):
    at_acme, _ = both_annas
    assert found(sue, "provisioning_subscriber", "acme") == {at_acme.pk}
    assert found(sue, "provisioning_subscriber", "Acme anna") == {at_acme.pk}
    assert found(sue, "provisioning_subscriber", "globex acme") == set()


def test_rows_are_found_by_what_they_belong_to(sue, both_annas):
    at_acme, _ = both_annas
    assert len(found(sue, "vendors_connectionstate", "samples")) == 2
    assert len(found(sue, "provisioning_mirrorstate", "acme samples")) == 1
    assert at_acme.connection_id in found(sue, "vendors_connection", "acme")


def test_a_call_is_found_by_the_vendors_request_id(sue, cast):
    with tenant_scope(cast.acme.pk):
        samples(cast.acme, cast.alice)
        call = Call.objects.get(vendor_request_id="sample-request")
    assert found(sue, "vendors_call", "sample-request") == {call.pk}
    assert found(sue, "vendors_call", "sample") == set()


@pytest.mark.parametrize("text", ["bob@example", "BOB", "bob"])
def test_a_person_is_found_by_name_and_address(sue, cast, text):
    assert found(sue, "tenancy_user", text) == {cast.bob.pk}


def test_a_person_of_no_company_is_found_by_address(sue, cast):
    assert found(sue, "tenancy_user", "sue@") == {cast.sue.pk}


@pytest.mark.parametrize("model", list(admin.site._registry), ids=lambda model: model._meta.label)
@pytest.mark.parametrize("text", ["", "anna", "acme anna", "\0 … %"])
def test_a_list_costs_few_queries(sue, both_annas, model, text):
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    with CaptureQueriesContext(connection) as asked:
        answer = sue.get(url, {"q": text} if text else {})
    assert answer.status_code == 200
    said = [query["sql"] for query in asked if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    assert len(said) <= MOST_QUERIES, said
