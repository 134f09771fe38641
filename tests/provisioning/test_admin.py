"""Support staff in the Django admin: all tenants' rows, nothing to edit, the same verbs."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from portal.audit.models import Entry
from portal.tenancy.models import Tenant
from portal.tenancy.scope import staff_scope, tenant_scope
from provisioning import ledger
from provisioning.models import (
    Drift,
    Inventory,
    InventoryChange,
    MirrorState,
    Order,
    Product,
    SizingPlan,
    Subscriber,
    UseChange,
)
from provisioning.operations import create_subscriber, order_products
from tests.fixtures.cast import sign_in_with_second_factor
from tests.provisioning.samples import samples, some_difference, some_order, some_subscriber, stocked_product

MODELS = [Product, Inventory, Order, Subscriber, InventoryChange, UseChange, SizingPlan, Drift, MirrorState]


@pytest.fixture
def sue(client, cast):
    sign_in_with_second_factor(client, cast.sue)
    return client


@pytest.fixture
def sampled(cast):
    for tenant, owner in ((cast.acme, cast.alice), (cast.globex, cast.charlie)):
        with tenant_scope(tenant.pk):
            samples(tenant, owner)


def list_page(model) -> str:
    return reverse(f"admin:provisioning_{model._meta.model_name}_changelist")


def change_page(model) -> str:
    with staff_scope():
        row = model.objects.order_by("pk").first()
    return reverse(f"admin:provisioning_{model._meta.model_name}_change", args=[row.pk])


@pytest.mark.parametrize("model", MODELS)
def test_rows_of_all_tenants_are_shown_and_no_secret(sue, sampled, model):
    listed = sue.get(list_page(model)).content.decode()
    assert "Acme" in listed
    assert "Globex" in listed
    detail = sue.get(change_page(model))
    assert detail.status_code == 200
    for page in (listed, detail.content.decode()):
        assert "sample-password" not in page
        assert "sealed" not in page


@pytest.mark.parametrize("model", MODELS)
def test_rows_are_found_by_their_tenant(sue, sampled, model):
    found = sue.get(f"{list_page(model)}?q=globex").content.decode()
    assert "Globex" in found
    assert ">Acme<" not in found


@pytest.mark.parametrize("model", [model for model in MODELS if model is not Product])
def test_mirrors_are_not_edited_by_hand(sue, sampled, model):
    assert sue.post(change_page(model), {"total": "99", "status": "fulfilled"}).status_code == 403
    assert sue.get(reverse(f"admin:provisioning_{model._meta.model_name}_add")).status_code == 403


def test_price_and_limit_are_changed_by_the_verb(sue, cast, sampled):
    sue.post(change_page(Product), {"unit_price": "3.5", "limit_eur": "70"})
    with staff_scope():
        entry = Entry.objects.get(action="provisioning.price_set")
        assert (entry.actor, entry.tenant) == (cast.sue, cast.acme)
        assert Product.objects.order_by("pk").first().unit_price == 3.5


@pytest.fixture
def anna(video, cast) -> Subscriber:
    with video.scope():
        order_products(video.product, "increment", 1, acting_user=cast.bob)
    video.work()
    with video.scope():
        made = create_subscriber(video.product, "anna", acting_user=cast.bob)
    video.work()
    return made


def delete(sue, subscriber, **more):
    chosen = {"action": "delete_at_vendor", "_selected_action": [subscriber.pk]}
    return sue.post(list_page(Subscriber), chosen | more)


def test_a_subscriber_is_deleted_with_a_reason(video, sue, cast, anna):
    asked = delete(sue, anna)
    assert "will be forced out" in asked.content.decode()
    assert delete(sue, anna, reason="  ").status_code == 422
    delete(sue, anna, reason="asked by telephone")
    video.work()
    assert video.effects("subscriber_deleted") == 1
    with video.scope():
        entry = Entry.objects.get(action="provisioning.subscriber_deletion_by_staff")
        assert (entry.actor, entry.reason) == (cast.sue, "asked by telephone")


def test_nothing_is_deleted_for_a_suspended_tenant(video, sue, cast, anna):
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state="suspended")
    delete(sue, anna, reason="asked by telephone")
    with video.scope():
        assert Subscriber.objects.get(pk=anna.pk).state == "active"
        assert not Entry.objects.filter(action="provisioning.subscriber_deletion_by_staff").exists()


def test_a_difference_is_adopted_with_a_reason(video, sue):
    video.control.move_total_behind(video.client_id, 3)
    video.sync()
    with video.scope():
        total = Drift.objects.open().get(kind=Drift.Kind.TOTAL)
    chosen = {"action": "adopt", "_selected_action": [total.pk]}
    asked = sue.post(list_page(Drift), chosen).content.decode()
    seen = dict(re.findall(r'name="(seen_\d+|form_key)" value="([^"]+)"', asked))
    sue.post(list_page(Drift), {**chosen, **seen, "decided": "yes", "reason": "agreed"})
    with video.scope():
        assert ledger.level(video.product) == 3
        assert Drift.objects.get(pk=total.pk).reason == "agreed"


def test_a_mirror_is_asked_to_be_read(video, sue):
    with video.scope():
        state = MirrorState.objects.get()
    sue.post(list_page(MirrorState), {"action": "refresh", "_selected_action": [state.pk]})
    with video.scope():
        assert MirrorState.objects.get().asked_at is not None


@pytest.mark.parametrize("model", MODELS)
def test_lists_ask_the_database_as_often_for_few_rows_as_for_many(sue, cast, sampled, model):
    with CaptureQueriesContext(connection) as few:
        sue.get(list_page(model))
    for number in range(20):
        with tenant_scope(cast.acme.pk):
            product = stocked_product(cast.acme, total=number, name=f"Site {number}")
            some_order(product, cast.bob)
            some_subscriber(product, cast.bob)
            some_difference(product)
    with CaptureQueriesContext(connection) as many:
        sue.get(list_page(model))
    assert len(many) == len(few)
