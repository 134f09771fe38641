"""Support staff in the Django admin: telephony of all tenants, nothing to edit, no secret."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.tenancy.scope import staff_scope, tenant_scope
from telephony.models import (
    CallScript,
    Drift,
    ExternalScript,
    MirrorState,
    ScriptChange,
    ScriptTrial,
    SetupLink,
    SipAccount,
    SipLevel,
)
from tests.fixtures.cast import sign_in_with_second_factor
from tests.telephony.samples import TEXT, samples

pytestmark = pytest.mark.django_db
MODELS = [
    SipAccount,
    SipLevel,
    SetupLink,
    ExternalScript,
    ScriptChange,
    CallScript,
    ScriptTrial,
    Drift,
    MirrorState,
]
MOST_QUERIES = 12


@pytest.fixture
def sue(client, cast):
    """Sue at the admin, her second factor shown; Acme and Globex have one of everything."""
    sign_in_with_second_factor(client, cast.sue)
    for tenant, owner in ((cast.acme, cast.alice), (cast.globex, cast.charlie)):
        with tenant_scope(tenant.pk):
            samples(tenant, owner)
            _some_change(tenant, owner)
    return client


def _some_change(tenant, owner) -> None:
    at = MirrorState.objects.get().connection
    ScriptChange.objects.create(tenant=tenant, connection=at, url="https://secret-of-an-address/", requested_by=owner)


def list_page(model) -> str:
    return reverse(f"admin:telephony_{model._meta.model_name}_changelist")


def change_page(model) -> str:
    with staff_scope():
        row = model.objects.order_by("pk").first()
    return reverse(f"admin:telephony_{model._meta.model_name}_change", args=[row.pk])


def secrets() -> list[str]:
    """What nobody reads here: what is sealed, in clear, and what links and addresses are found by."""
    with staff_scope():
        digests = [link.secret_digest for link in SetupLink.objects.all()]
        digests += [script.address_digest for script in CallScript.objects.all()]
        return ["secret-of-a-telephone", "secret-of-an-address", TEXT[:20], *digests]


@pytest.mark.parametrize("model", MODELS)
def test_rows_of_all_tenants_are_shown_and_no_secret(sue, model):
    listed, detail = sue.get(list_page(model)), sue.get(change_page(model))
    assert (listed.status_code, detail.status_code) == (200, 200)
    shown = listed.content.decode()
    assert "Acme" in shown
    assert "Globex" in shown
    for secret in secrets():
        assert secret not in shown + detail.content.decode()


@pytest.mark.parametrize("model", MODELS)
def test_nothing_is_edited_by_hand(sue, model):
    assert sue.post(change_page(model), {"level": "1"}).status_code == 403
    assert sue.get(reverse(f"admin:telephony_{model._meta.model_name}_add")).status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_a_list_asks_little(sue, model):
    sue.get(list_page(model))
    with CaptureQueriesContext(connection) as asked:
        sue.get(list_page(model))
    assert len(asked) <= MOST_QUERIES


@pytest.mark.parametrize("model", [SipAccount, SipLevel, SetupLink])
def test_what_belongs_to_an_account_is_found_by_its_username(sue, model):
    found = sue.get(list_page(model), {"q": "acme reception"}).context["cl"].result_list
    assert {row.tenant.slug for row in found} == {"acme"}
    assert not sue.get(list_page(model), {"q": "acme nobody-here"}).context["cl"].result_list


def test_the_ledger_tells_each_level(sue):
    shown = sue.get(list_page(SipLevel), {"q": "acme"}).context["cl"].result_list
    assert [(row.quantity, row.level) for row in shown] == [(1, 1), (0, 0)]


def test_a_link_tells_to_whom_it_was_sent_and_what_became_of_it(sue):
    shown = sue.get(change_page(SetupLink)).content.decode()
    assert "dora@example.com" in shown
    assert "Opened" in shown
