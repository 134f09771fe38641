"""Members: who may change whom, and that a company never loses its last owner."""

import threading

import pytest
from django.db import connection

from portal.audit.models import Entry
from portal.tenancy import people
from portal.tenancy.models import Membership, Role
from portal.tenancy.refusals import AdminsOnly, LastOwner, NoLongerMember, OwnersOnly
from portal.tenancy.scope import staff_scope, tenant_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(cast):
    with tenant_scope(cast.acme.pk):
        yield cast.acme


def membership(person) -> Membership:
    return Membership.objects.get(user=person)


def entry(action: str) -> Entry:
    return Entry.objects.get(action=action)


def test_an_admin_gives_another_role_and_it_is_on_record(acme, cast):
    people.change_role(membership(cast.vera), Role.OPERATOR, acting_user=cast.adam)
    assert membership(cast.vera).role == Role.OPERATOR
    written = entry("tenancy.role_changed")
    assert (written.tenant, written.actor) == (cast.acme, cast.adam)
    assert (written.before, written.after) == ({"role": "viewer"}, {"role": "operator"})


def test_the_same_role_again_changes_nothing(acme, cast):
    people.change_role(membership(cast.vera), Role.VIEWER, acting_user=cast.adam)
    assert not Entry.objects.exists()


@pytest.mark.parametrize("who", ["bob", "bill", "vera", "charlie"])
def test_others_change_nobody(acme, cast, who):
    with pytest.raises(AdminsOnly):
        people.change_role(membership(cast.vera), Role.OPERATOR, acting_user=getattr(cast, who))


def test_an_admin_appoints_no_owner_and_touches_none(acme, cast):
    with pytest.raises(OwnersOnly):
        people.change_role(membership(cast.adam), Role.OWNER, acting_user=cast.adam)
    with pytest.raises(OwnersOnly):
        people.change_role(membership(cast.alice), Role.VIEWER, acting_user=cast.adam)
    with pytest.raises(OwnersOnly):
        people.remove_member(membership(cast.alice), acting_user=cast.adam)


def test_staff_has_no_power_in_a_tenants_scope(acme, cast):
    with pytest.raises(AdminsOnly):
        people.remove_member(membership(cast.vera), acting_user=cast.sue)


def test_staff_may_in_its_own_scope(cast):
    with staff_scope():
        people.change_role(membership(cast.adam), Role.OWNER, acting_user=cast.sue)
        assert membership(cast.adam).role == Role.OWNER


@pytest.mark.parametrize(
    "act",
    [
        lambda cast: people.change_role(membership(cast.alice), Role.ADMIN, acting_user=cast.alice),
        lambda cast: people.remove_member(membership(cast.alice), acting_user=cast.alice),
        lambda cast: people.leave(membership(cast.alice), acting_user=cast.alice),
    ],
    ids=["demote", "remove", "leave"],
)
def test_the_last_owner_stays(acme, cast, act):
    with pytest.raises(LastOwner, match="Appoint another owner first"):
        act(cast)
    assert membership(cast.alice).role == Role.OWNER
    assert not Entry.objects.exists()


def test_an_owner_may_go_once_there_is_another(acme, cast):
    people.change_role(membership(cast.adam), Role.OWNER, acting_user=cast.alice)
    people.leave(membership(cast.alice), acting_user=cast.alice)
    assert not Membership.objects.filter(user=cast.alice).exists()
    assert entry("tenancy.member_left").before == {"person": "alice@example.com", "role": "owner"}


def test_a_removed_member_is_gone_and_on_record(acme, cast):
    people.remove_member(membership(cast.bob), acting_user=cast.adam)
    assert not Membership.objects.filter(user=cast.bob).exists()
    assert entry("tenancy.member_removed").object_label == "Bob (Operator)"


def test_who_is_gone_already_cannot_be_changed(acme, cast):
    bob = membership(cast.bob)
    people.remove_member(bob, acting_user=cast.adam)
    with pytest.raises(NoLongerMember):
        people.change_role(Membership(pk=10**9, tenant=cast.acme), Role.VIEWER, acting_user=cast.adam)


def test_nobody_leaves_for_somebody_else(acme, cast):
    with pytest.raises(NoLongerMember):
        people.leave(membership(cast.bob), acting_user=cast.vera)


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_demote_each_other_at_once_leave_one(cast):
    with tenant_scope(cast.acme.pk):
        Membership.objects.filter(user=cast.adam).update(role=Role.OWNER)
        pair = [(membership(cast.alice), cast.adam), (membership(cast.adam), cast.alice)]
    start, outcomes = threading.Barrier(2), []

    def demote(member, by):
        try:
            start.wait(timeout=10)
            with tenant_scope(cast.acme.pk):
                people.change_role(member, Role.VIEWER, acting_user=by)
            outcomes.append("done")
        except (LastOwner, OwnersOnly) as refusal:
            outcomes.append(type(refusal).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=demote, args=both) for both in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    # The slower one is no owner any more when its turn comes.
    assert sorted(outcomes) == ["OwnersOnly", "done"]
    with tenant_scope(cast.acme.pk):
        assert Membership.objects.filter(role=Role.OWNER).count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one(cast):
    with tenant_scope(cast.acme.pk):
        Membership.objects.filter(user=cast.adam).update(role=Role.OWNER)
    start, outcomes = threading.Barrier(2), []

    def go(person):
        try:
            start.wait(timeout=10)
            with tenant_scope(cast.acme.pk):
                people.leave(membership(person), acting_user=person)
            outcomes.append("left")
        except LastOwner:
            outcomes.append("stays")
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[person]) for person in (cast.alice, cast.adam)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["left", "stays"]
