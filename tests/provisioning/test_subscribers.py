"""Subscribers, from the promise to the vendor and back; credentials; the end of temporary ones."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.audit.models import Entry
from portal.operations.models import Operation, Status
from portal.operations.promises import AlreadySubmitted
from provisioning.models import Subscriber
from provisioning.operations import (
    NotPromised,
    create_subscriber,
    declare_gone,
    delete_subscriber,
    end_temporary_subscribers,
    enter_subscriber_id,
    reveal_password,
)

State = Subscriber.State


@pytest.fixture
def stocked(video):
    """Acme has three products, and its mirror knows."""
    video.control.move_total_behind(video.client_id, 3)
    video.sync()
    with video.scope():
        inventory = video.inventory
        inventory.total = inventory.available = 3
        inventory.save()
    return video


@pytest.fixture
def created(stocked, cast):
    def create(username: str = "anna", **more) -> Subscriber:
        with stocked.scope():
            return create_subscriber(stocked.product, username, acting_user=cast.bob, **more)

    return create


def test_a_subscriber_takes_a_product_and_gets_credentials(stocked, created):
    created("anna")
    stocked.work()
    (anna,) = stocked.subscribers()
    assert anna.state == State.ACTIVE
    assert anna.identity == f"anna@{stocked.client_id}.example"
    assert anna.password.reveal()
    with stocked.scope():
        assert stocked.inventory.available == 2
    assert stocked.truth()["available"] == 2


def test_a_deleted_subscriber_gives_its_product_back_and_forgets_its_password(stocked, created, cast):
    created("anna")
    stocked.work()
    with stocked.scope():
        delete_subscriber(stocked.subscribers()[0], acting_user=cast.bob)
    stocked.work()
    (anna,) = stocked.subscribers()
    assert anna.state == State.DELETED
    assert not anna.password
    assert stocked.truth()["available"] == 3
    with stocked.scope():
        assert stocked.inventory.available == 3


def test_deleting_what_is_gone_already_is_a_success(stocked, created, cast):
    created("anna")
    stocked.work()
    (anna,) = stocked.subscribers()
    stocked.control.unsubscribe_behind(stocked.client_id, anna.vendor_id)
    with stocked.scope():
        delete_subscriber(anna, acting_user=cast.bob)
    stocked.work()
    assert stocked.subscribers()[0].state == State.DELETED


@pytest.mark.parametrize("kind", ["lost_answer", "no_work_lost", "broken_json", "reset"])
def test_a_deletion_under_faults_happens_once(stocked, created, cast, kind):
    created("anna")
    stocked.work()
    stocked.control.add_fault(kind, method="DELETE", times=2)
    with stocked.scope():
        delete_subscriber(stocked.subscribers()[0], acting_user=cast.bob)
    for _ in range(4):
        stocked.work()
        stocked.let_time_pass()
    assert stocked.subscribers()[0].state == State.DELETED
    assert stocked.effects("subscriber_deleted") == 1
    with stocked.scope():
        assert stocked.inventory.available == 3


def test_a_lost_answer_is_found_but_its_credentials_are_not(stocked, created, cast):
    stocked.control.add_fault("lost_answer", method="POST", path="/subscriber", times=1)
    created("anna")
    stocked.work()
    (anna,) = stocked.subscribers()
    assert stocked.effects("subscriber_created") == 1
    assert anna.state == State.ACTIVE
    assert anna.credentials_lost
    with stocked.scope(), pytest.raises(NotPromised, match="ID of this subscriber is not known"):
        delete_subscriber(anna, acting_user=cast.bob)


def test_an_id_learned_from_the_vendor_lets_it_be_deleted(stocked, created, cast):
    stocked.control.add_fault("lost_answer", method="POST", path="/subscriber", times=1)
    created("anna")
    stocked.work()
    with stocked.scope():
        true_id = stocked.truth()["subscribers"][0]["subscriber_id"]
        enter_subscriber_id(stocked.subscribers()[0], true_id, "anna@acme.example", acting_user=cast.adam)
        delete_subscriber(stocked.subscribers()[0], acting_user=cast.bob)
    stocked.work()
    assert stocked.effects("subscriber_deleted") == 1


def test_what_never_arrived_is_sent_again(stocked, created):
    stocked.control.add_fault("no_work_lost", method="POST", path="/subscriber", times=1)
    created("anna")
    stocked.work()
    assert stocked.effects("subscriber_created") == 1
    assert stocked.subscribers()[0].password.reveal()


def test_a_refusal_frees_the_username_and_reads_the_mirror_again(stocked, created):
    stocked.control.move_total_behind(stocked.client_id, -3)
    created("anna")
    stocked.work()
    (anna,) = stocked.subscribers()
    assert (anna.state, stocked.operation().status) == (State.FAILED, Status.REFUSED)
    assert anna.deleted_at is None
    stocked.sync()
    with stocked.scope():
        assert stocked.inventory.available == 0
    with pytest.raises(NotPromised, match="No product is free"):
        created("anna")


def test_promised_subscribers_count_as_taken(created):
    for name in ("anna", "bea", "cleo"):
        created(name)
    with pytest.raises(NotPromised, match="No product is free"):
        created("dora")


def test_a_living_username_is_refused_in_any_case(created):
    created("anna")
    with pytest.raises(NotPromised, match="Anna"):
        created("Anna")


def test_the_same_form_sent_twice_is_one_subscriber(created):
    from uuid import uuid4

    key = uuid4()
    created("anna", form_key=key)
    with pytest.raises(AlreadySubmitted) as earlier:
        created("bea", form_key=key)
    assert earlier.value.operation.label == "anna"


def test_a_temporary_subscriber_is_deleted_when_its_time_is_over(stocked, created, cast):
    created("guest", ends_at=timezone.now() + timedelta(hours=1))
    created("anna")
    stocked.work()
    assert end_temporary_subscribers(cast.acme.pk) == 0
    with stocked.scope():
        Subscriber.objects.filter(username="guest").update(ends_at=timezone.now() - timedelta(seconds=1))
    assert end_temporary_subscribers(cast.acme.pk) == 1
    stocked.work()
    assert {subscriber.username: subscriber.state for subscriber in stocked.subscribers()} == {
        "guest": State.DELETED,
        "anna": State.ACTIVE,
    }
    with stocked.scope():
        assert Entry.objects.filter(action="operations.asked", actor=None, object_label="guest").exists()


def test_an_end_in_the_past_is_refused(created):
    with pytest.raises(NotPromised, match="in the future"):
        created("guest", ends_at=timezone.now() - timedelta(minutes=1))


def test_revealing_credentials_is_audited_without_them(stocked, created, cast):
    created("anna")
    stocked.work()
    with stocked.scope():
        password = reveal_password(stocked.subscribers()[0], acting_user=cast.bob)
        entry = Entry.objects.get(action="provisioning.credentials_revealed")
        assert entry.actor == cast.bob
        assert password not in str(entry.before) + str(entry.after) + entry.object_label


def test_a_subscriber_deleted_by_somebody_else_can_be_declared_gone(stocked, created, cast):
    created("anna")
    stocked.work()
    (anna,) = stocked.subscribers()
    stocked.control.unsubscribe_behind(stocked.client_id, anna.vendor_id)
    with stocked.scope():
        declare_gone(anna, reason="deleted on the vendor's own site", acting_user=cast.bob)
    assert stocked.subscribers()[0].state == State.DELETED
    assert Operation.objects.count() == 0  # without a scope: nothing seen; and nothing was sent
    assert stocked.effects("subscriber_deleted") == 1


def test_a_suspended_tenant_is_not_served(stocked, created, cast):
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope

    created("anna")
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.SUSPENDED)
    stocked.work()
    assert stocked.effects("subscriber_created") == 0
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.ACTIVE)
    stocked.work()
    assert stocked.effects("subscriber_created") == 1


def test_a_creation_is_not_judged_by_a_count_that_a_lost_deletion_has_made_wrong(stocked, created, cast):
    """The deletion happened and nobody was told; until that is settled nothing else of the product may leave."""
    created("anna")
    stocked.work()
    stocked.control.add_fault("lost_answer", method="DELETE", times=1)
    stocked.control.add_fault("lost_answer", method="POST", path="/subscriber", times=1)
    with stocked.scope():
        delete_subscriber(stocked.subscribers()[0], acting_user=cast.bob)
    created("bea")
    stocked.work()
    assert {each.username: each.state for each in stocked.subscribers()} == {"anna": State.DELETED, "bea": State.ACTIVE}
    assert stocked.effects("subscriber_created") == 2
    assert stocked.effects("subscriber_deleted") == 1
