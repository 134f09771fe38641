"""Support sees connections and calls of all tenants, switches them by the same verbs, and reads no secret."""

import pytest
from django.urls import reverse

from portal.audit.models import Entry
from portal.tenancy.scope import staff_scope, tenant_scope
from portal.vendors.models import Call, Connection, ConnectionState
from tests.fixtures.cast import sign_in_with_second_factor
from tests.vendors.samples import CLIENT_SECRET, samples

pytestmark = pytest.mark.django_db


@pytest.fixture
def sue(client, cast):
    """Sue at the admin, her second factor shown."""
    sign_in_with_second_factor(client, cast.sue)
    for tenant in (cast.acme, cast.globex):
        with tenant_scope(tenant.pk):
            samples(tenant, cast.alice)
    return client


def change_page(model) -> str:
    with staff_scope():
        return reverse(f"admin:vendors_{model._meta.model_name}_change", args=[model.objects.first().pk])


def list_page(model) -> str:
    return reverse(f"admin:vendors_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", [Connection, ConnectionState, Call])
def test_rows_of_all_tenants_are_shown_and_no_secret(sue, model):
    listed = sue.get(list_page(model)).content.decode()
    assert "Acme" in listed
    assert "Globex" in listed
    detail = sue.get(change_page(model))
    assert detail.status_code == 200
    for secret in (CLIENT_SECRET, "a token never to be shown", "sample client"):
        assert secret not in listed + detail.content.decode()


@pytest.mark.parametrize("model", [Connection, ConnectionState, Call])
def test_nothing_is_edited_by_hand(sue, model):
    assert sue.post(change_page(model), {"name": "Other"}).status_code == 403
    assert sue.get(reverse(f"admin:vendors_{model._meta.model_name}_add")).status_code == 403


def test_calls_are_found_by_request_id_and_path(sue):
    assert "/inventory" in sue.get(f"{list_page(Call)}?q=sample-request").content.decode()
    assert "0 vendor calls" in sue.get(f"{list_page(Call)}?q=elsewhere").content.decode()


def test_support_disables_a_connection_by_the_same_verb(sue, cast):
    with staff_scope():
        pk = Connection.objects.get(tenant=cast.acme).pk
    sue.post(list_page(Connection), {"action": "disable", "_selected_action": [pk]})
    with tenant_scope(cast.acme.pk):
        assert not Connection.objects.get(pk=pk).enabled
        entry = Entry.objects.latest("pk")
    assert (entry.action, entry.actor_label) == ("vendors.connection_disabled", "sue@example.com")


def test_the_list_of_calls_counts_no_more_than_it_shows(sue, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        sue.get(list_page(Call))
