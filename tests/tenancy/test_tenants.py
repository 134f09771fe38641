"""Companies: made and suspended by staff, set up by their admins."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP

from portal.audit.models import Entry
from portal.tenancy import tenants
from portal.tenancy.models import Membership, Role, Tenant
from portal.tenancy.refusals import AdminsOnly, ReasonMissing, SecondFactorFirst, SlugTaken, StaffOnly
from portal.tenancy.scope import staff_scope, tenant_scope

pytestmark = pytest.mark.django_db

SETTINGS = {"name": "Acme", "time_zone": "Europe/Amsterdam", "language": "en", "require_mfa": False}


def test_staff_makes_a_company_with_its_owner(cast):
    made = tenants.create_tenant("Initech", slug="initech", owner=cast.vera, acting_user=cast.sue)
    with tenant_scope(made.pk):
        assert [(member.user, member.role) for member in Membership.objects.all()] == [(cast.vera, Role.OWNER)]
        assert Entry.objects.get(action="tenancy.tenant_created").after["owner"] == "vera@example.com"


def test_an_address_is_given_once(cast):
    with pytest.raises(SlugTaken):
        tenants.create_tenant("Other Acme", slug="acme", owner=cast.vera, acting_user=cast.sue)


def test_members_make_no_company(cast):
    with pytest.raises(StaffOnly):
        tenants.create_tenant("Initech", slug="initech", owner=cast.alice, acting_user=cast.alice)


def test_settings_record_what_changed_only(cast):
    with tenant_scope(cast.acme.pk):
        tenants.update_settings(cast.acme, **{**SETTINGS, "name": "Acme Telecom"}, acting_user=cast.adam)
        entry = Entry.objects.get(action="tenancy.settings_changed")
    assert (entry.before, entry.after) == ({"name": "Acme"}, {"name": "Acme Telecom"})


def test_an_operator_changes_no_settings(cast):
    with tenant_scope(cast.acme.pk), pytest.raises(AdminsOnly):
        tenants.update_settings(cast.acme, **SETTINGS, acting_user=cast.bob)


def test_who_has_no_second_factor_cannot_demand_one(cast):
    wanted = {**SETTINGS, "require_mfa": True}
    with tenant_scope(cast.acme.pk):
        with pytest.raises(SecondFactorFirst, match="lock yourself out"):
            tenants.update_settings(cast.acme, **wanted, acting_user=cast.alice)
        TOTP.activate(cast.alice, "JBSWY3DPEHPK3PXP")
        assert tenants.update_settings(cast.acme, **wanted, acting_user=cast.alice).require_mfa


def test_staff_suspends_and_resumes_with_a_reason(cast):
    tenants.suspend_tenant(cast.acme, reason="unpaid", acting_user=cast.sue)
    with staff_scope():
        assert Tenant.objects.get(pk=cast.acme.pk).suspended
        assert Entry.objects.get(action="tenancy.tenant_suspended").reason == "unpaid"
    tenants.resume_tenant(cast.acme, reason="paid", acting_user=cast.sue)
    with staff_scope():
        assert not Tenant.objects.get(pk=cast.acme.pk).suspended


def test_suspending_needs_staff_and_a_reason(cast):
    with pytest.raises(StaffOnly):
        tenants.suspend_tenant(cast.globex, reason="rivals", acting_user=cast.alice)
    with pytest.raises(ReasonMissing):
        tenants.suspend_tenant(cast.acme, reason=" ", acting_user=cast.sue)
