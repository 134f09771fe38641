"""Support looks at a company's pages as a member sees them: for a reason, for a time, on record in both people's names."""

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from playwright.sync_api import expect

from portal.audit.models import Entry
from portal.support.models import Visit
from portal.support.visits import end_overdue_visits, start_visit
from portal.tenancy.models import Membership, Role, Tenant, User
from portal.tenancy.refusals import NoLongerMember, ReasonMissing, StaffOnly
from portal.tenancy.scope import staff_scope, tenant_scope, user_scope
from tests.fixtures.cast import PASSWORD, TOTP_SECRET, sign_in_with_second_factor

pytestmark = pytest.mark.django_db

ORDINARY = {"reason": "Ticket 4711: cannot order", "minutes": 15}


def begin(client: Client, tenant: Tenant, person: User | None = None, **wanted):
    """Fill in the form that the company's page in the admin leads to."""
    with staff_scope():
        members = Membership.objects.filter(tenant=tenant)
        member = members.get(user=person) if person else members.get(role=Role.OWNER)
    form = {**ORDINARY, "member": member.pk, **wanted}
    return client.post(f"/admin/support/visit/add/?tenant={tenant.pk}", form)


def the_visit() -> Visit:
    with staff_scope():
        return Visit.objects.select_related("staff", "as_user").latest("pk")


def let_time_run_out() -> None:
    with staff_scope():
        Visit.objects.update(ends_at=timezone.now() - timedelta(seconds=1))


def trail(tenant: Tenant, *actions: str) -> list[Entry]:
    with tenant_scope(tenant.pk):
        rows = Entry.objects.filter(tenant=tenant).order_by("pk")
        return [entry for entry in rows if not actions or entry.action in actions]


# --- The beginning ------------------------------------------------------------------------------------------------


def test_the_companys_page_in_the_admin_leads_to_the_form(sue, cast):
    address = f"/admin/support/visit/add/?tenant={cast.acme.pk}"
    assert address in sue.get(f"/admin/tenancy/tenant/{cast.acme.pk}/change/").text
    page = sue.get(address)
    assert page.status_code == 200
    assert page.context["form"]["member"].value() is None, "a select shows its first choice, the owner"
    assert next(label for _pk, label in page.context["form"].fields["member"].choices).startswith("Alice <alice@")


def test_a_visit_shows_what_the_member_sees_and_says_so_on_every_page(sue, cast):
    assert begin(sue, cast.acme)["Location"] == "/t/acme/"
    for path in ("/t/acme/", "/t/acme/people/", "/t/acme/settings/", "/t/acme/activity/"):
        page = sue.get(path)
        assert page.status_code == 200
        assert "Sue sees Acme as Alice" in page.text
        assert "Ticket 4711: cannot order" in page.text
        assert "For looking only" in page.text


def test_nothing_begins_without_a_reason(sue, cast):
    answer = begin(sue, cast.acme, reason="  ")
    assert answer.status_code == 422
    assert "The visit has not begun" in answer.text
    assert sue.get("/t/acme/").status_code == 404


@pytest.mark.parametrize("wrong", [{"minutes": 1440}, {"member": 0}, {"member": "x"}])
def test_nothing_begins_with_what_is_no_choice(wrong, sue, cast):
    assert begin(sue, cast.acme, **wrong).status_code == 422
    assert sue.get("/t/acme/").status_code == 404


def test_a_member_of_another_company_is_no_choice(sue, cast):
    with staff_scope():
        charlie = Membership.objects.get(user=cast.charlie)
    assert begin(sue, cast.acme, member=charlie.pk).status_code == 422
    with pytest.raises(NoLongerMember):
        start_visit(cast.acme, member=charlie, reason="x", minutes=15, acting_user=cast.sue)


@pytest.mark.parametrize("tenant", ["", "abc", "-1"])
def test_without_a_company_the_list_of_companies_is_where_to_begin(tenant, sue):
    answer = sue.get(f"/admin/support/visit/add/?tenant={tenant}")
    assert answer["Location"] == "/admin/tenancy/tenant/"


def test_only_staff_may(cast):
    with staff_scope():
        alice = Membership.objects.select_related("user").get(user=cast.alice)
    with pytest.raises(StaffOnly):
        start_visit(cast.acme, member=alice, reason="x", minutes=15, acting_user=cast.charlie)
    with pytest.raises(ReasonMissing):
        start_visit(cast.acme, member=alice, reason=" ", minutes=15, acting_user=cast.sue)


def test_who_is_no_staff_finds_no_form(client, cast):
    client.force_login(cast.alice)
    assert client.get(f"/admin/support/visit/add/?tenant={cast.acme.pk}").status_code == 404


# --- The door -----------------------------------------------------------------------------------------------------


def test_the_role_is_exactly_the_members(sue, cast):
    begin(sue, cast.acme, cast.vera)
    assert sue.get("/t/acme/people/").status_code == 200
    assert sue.get("/t/acme/settings/").status_code == 403


def test_a_role_that_changes_meanwhile_changes_for_the_visit_too(sue, cast):
    begin(sue, cast.acme, cast.adam)
    assert sue.get("/t/acme/settings/").status_code == 200
    with tenant_scope(cast.acme.pk):
        Membership.objects.filter(user=cast.adam).update(role=Role.VIEWER)
    assert sue.get("/t/acme/settings/").status_code == 403


def test_when_the_member_leaves_the_door_closes(sue, cast):
    begin(sue, cast.acme, cast.vera)
    with tenant_scope(cast.acme.pk):
        Membership.objects.filter(user=cast.vera).delete()
    assert sue.get("/t/acme/").status_code == 404


def test_the_door_of_another_company_stays_closed(sue, cast):
    begin(sue, cast.acme)
    assert sue.get("/t/globex/").status_code == 404


def test_only_the_session_that_began_it_gets_in(sue, cast):
    begin(sue, cast.acme)
    other = Client()
    sign_in_with_second_factor(other, cast.sue)
    assert other.get("/t/acme/").status_code == 404
    assert sue.get("/t/acme/").status_code == 200


def test_another_person_gets_nowhere_with_its_key(sue, cast):
    begin(sue, cast.acme)
    with staff_scope():
        tom = User.objects.create_user("tom@example.com", is_staff=True)
    other = Client()
    sign_in_with_second_factor(other, tom)
    session = other.session
    session["visit"] = sue.session["visit"]
    session.save()
    assert other.get("/t/acme/").status_code == 404


def test_a_session_without_a_second_factor_is_led_to_it(cast, sue):
    begin(sue, cast.acme)
    Authenticator.objects.filter(user=cast.sue).delete()
    answer = sue.get("/t/acme/")
    assert answer["Location"].startswith("/second-factor/")


def test_who_is_no_longer_staff_is_a_stranger(sue, cast):
    begin(sue, cast.acme)
    User.objects.filter(pk=cast.sue.pk).update(is_staff=False)
    assert sue.get("/t/acme/").status_code == 404


def test_who_has_no_account_any_more_is_led_to_the_sign_in(sue, cast):
    begin(sue, cast.acme)
    User.objects.filter(pk=cast.sue.pk).update(is_active=False)
    assert sue.get("/t/acme/")["Location"].startswith("/accounts/login/")


def test_a_suspended_company_may_be_looked_at(sue, cast):
    begin(sue, cast.acme, may_change="on")
    with staff_scope():
        Tenant.objects.filter(pk=cast.acme.pk).update(state=Tenant.State.SUSPENDED)
    assert sue.get("/t/acme/").status_code == 200
    answer = sue.post("/t/acme/settings/", {"name": "Sue's"})
    assert (answer.status_code, "is suspended" in answer.text) == (403, True)


def test_who_is_a_member_too_looks_with_the_others_eyes_until_the_end(sue, cast):
    with staff_scope():
        Membership.objects.create(tenant=cast.acme, user=cast.sue, role=Role.OWNER)
    begin(sue, cast.acme, cast.vera)
    assert sue.get("/t/acme/settings/").status_code == 403
    sue.post("/support/visits/end/")
    assert sue.get("/t/acme/settings/").status_code == 200


# --- Looking and changing -----------------------------------------------------------------------------------------


def test_a_change_is_refused_with_an_explanation(sue, cast):
    begin(sue, cast.acme)
    answer = sue.post("/t/acme/settings/", settings_form("Sue's"))
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text
    assert "Sue sees Acme as Alice" in answer.text
    with staff_scope():
        assert Tenant.objects.get(pk=cast.acme.pk).name == "Acme"


def settings_form(name: str) -> dict[str, str]:
    key = "8f7c6a52-0000-4000-8000-000000000001"
    return {"name": name, "time_zone": "UTC", "language": "en", "form_key": key}


def test_what_may_be_changed_is_changed_in_both_peoples_names(sue, cast):
    begin(sue, cast.acme, may_change="on")
    assert "Changes are real" in sue.get("/t/acme/settings/").text
    assert sue.post("/t/acme/settings/", settings_form("Acme Telecom")).status_code == 302
    [entry] = trail(cast.acme, "tenancy.settings_changed")
    assert (entry.actor, entry.on_behalf_of) == (cast.sue, cast.alice)
    [sent] = trail(cast.acme, "support.form_sent")
    assert sent.after == {"path": "/t/acme/settings/", "status": 302}


def test_changes_need_the_members_role(sue, cast):
    begin(sue, cast.acme, cast.adam, may_change="on")
    form = {"email": "new@example.com", "role": "owner", "form_key": "8f7c6a52-0000-4000-8000-000000000002"}
    assert sue.post("/t/acme/people/invite/", form).status_code == 422, "only owners make owners"


def test_the_members_own_place_cannot_be_given_up(sue, cast):
    begin(sue, cast.acme, cast.vera, may_change="on")
    sue.post("/t/acme/people/leave/")
    with tenant_scope(cast.acme.pk):
        assert Membership.objects.filter(user=cast.vera).exists()


def test_own_pages_stay_the_visitors_own(sue, cast):
    begin(sue, cast.acme)
    page = sue.get("/accounts/profile/")
    assert "no part of the visit" in page.text
    assert page.context["form"].instance == cast.sue
    sue.post("/accounts/profile/", {"name": "Susan", "form_key": "8f7c6a52-0000-4000-8000-000000000003"})
    with user_scope(cast.sue.pk):
        entry = Entry.objects.get(action="account.profile_changed")
    assert (entry.actor, entry.on_behalf_of) == (cast.sue, None)


# --- The end ------------------------------------------------------------------------------------------------------


def test_the_visitor_ends_it(sue, cast):
    begin(sue, cast.acme)
    answer = sue.post("/support/visits/end/")
    assert answer["Location"] == f"/admin/tenancy/tenant/{cast.acme.pk}/change/"
    assert sue.get("/t/acme/").status_code == 404
    assert not the_visit().running
    [entry] = trail(cast.acme, "support.visit_ended")
    assert (entry.actor, entry.on_behalf_of, entry.after) == (cast.sue, cast.alice, {"by": "asked"})


def test_time_ends_it(sue, cast):
    begin(sue, cast.acme)
    let_time_run_out()
    assert sue.get("/t/acme/").status_code == 404
    assert end_overdue_visits() == 1
    assert end_overdue_visits() == 0
    visit = the_visit()
    assert visit.ended_at == visit.ends_at
    [entry] = trail(cast.acme, "support.visit_ended")
    assert (entry.actor, entry.actor_label, entry.after) == (None, "Patchbay", {"by": "time"})


def test_a_session_forgets_a_visit_whose_time_is_over(sue, cast):
    begin(sue, cast.acme)
    session = sue.session
    session["visit"] = {**session["visit"], "until": 0}
    session.save()
    assert "visiting" not in sue.get("/accounts/profile/").text
    assert "visit" not in sue.session


def test_a_second_visit_ends_the_first(sue, cast):
    begin(sue, cast.acme)
    begin(sue, cast.globex, cast.charlie)
    assert sue.get("/t/acme/").status_code == 404
    assert sue.get("/t/globex/").status_code == 200
    assert len(trail(cast.acme, "support.visit_ended")) == 1


def test_a_colleague_ends_it_in_the_admin(sue, cast):
    begin(sue, cast.acme)
    sue.post("/admin/support/visit/", {"action": "end", "_selected_action": [the_visit().pk]})
    assert sue.get("/t/acme/").status_code == 404


def test_signing_out_leaves_it_behind(sue, cast):
    begin(sue, cast.acme)
    sue.post("/accounts/logout/")
    sign_in_with_second_factor(sue, cast.sue)
    assert sue.get("/t/acme/").status_code == 404


def test_ending_what_is_over_is_said_kindly(sue, cast):
    assert "its time was over" in sue.post("/support/visits/end/", follow=True).text


# --- On record ----------------------------------------------------------------------------------------------------


def test_the_companys_trail_tells_the_whole_visit(sue, cast):
    begin(sue, cast.acme)
    sue.get("/t/acme/people/?q=secret")
    sue.get("/t/acme/people/")
    sue.post("/t/acme/settings/", {})
    sue.get("/t/acme/people/999999/role/")
    sue.post("/support/visits/end/")
    entries = trail(cast.acme)
    assert [
        (entry.action, (entry.after or {}).get("path"), (entry.after or {}).get("status")) for entry in entries
    ] == [
        ("support.visit_started", None, None),
        ("support.page_viewed", "/t/acme/people/", 200),
        ("support.form_sent", "/t/acme/settings/", 403),
        ("support.page_viewed", "/t/acme/people/999999/role/", 404),
        ("support.visit_ended", None, None),
    ]
    assert {(entry.actor, entry.on_behalf_of) for entry in entries} == {(cast.sue, cast.alice)}
    assert entries[0].reason == "Ticket 4711: cannot order"
    assert "secret" not in "".join(str(entry.after) for entry in entries)


def test_what_others_do_meanwhile_is_theirs_alone(sue, cast):
    begin(sue, cast.acme)
    sue.get("/t/acme/")
    alice = Client()
    alice.force_login(cast.alice)
    alice.post("/t/acme/settings/", settings_form("Acme Telecom"))
    [entry] = trail(cast.acme, "tenancy.settings_changed")
    assert (entry.actor, entry.on_behalf_of) == (cast.alice, None)


def test_the_company_reads_who_was_here_and_why(sue, cast):
    begin(sue, cast.acme)
    sue.post("/support/visits/end/")
    begin(sue, cast.globex, cast.charlie, reason="Nobody else's business")
    adam = Client()
    adam.force_login(cast.adam)
    page = adam.get("/t/acme/visits/")
    assert "sue@example.com" in page.text
    assert "Ticket 4711: cannot order" in page.text
    assert "Looking only" in page.text
    assert "Nobody else's business" not in page.text
    audit = adam.get(f"/t/acme/audit/?object=support.visit:{page.context['page'].items[0].pk}")
    assert "Support began a visit" in audit.text


def test_a_visit_is_seen_by_who_makes_it_and_by_the_company_alone(sue, cast):
    begin(sue, cast.acme)
    with user_scope(cast.sue.pk):
        assert Visit.objects.count() == 1
        assert Visit.objects.update(may_change=True) == 0
    with user_scope(cast.alice.pk):
        assert Visit.objects.count() == 0
    with tenant_scope(cast.globex.pk):
        assert Visit.objects.count() == 0


def test_a_page_costs_a_visit_at_most_two_queries_more_than_a_member(sue, cast):
    """The visit itself, and the line in the trail."""
    begin(sue, cast.acme)
    alice = Client()
    alice.force_login(cast.alice)
    assert queries_of(sue, "/t/acme/people/") <= queries_of(alice, "/t/acme/people/") + 2


def queries_of(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


# --- In the browser -----------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_sue_helps_acme_in_the_browser(page, cast):
    page.goto("/admin/")
    page.get_by_label("Email").fill(cast.sue.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    code = format_hotp_value(hotp_value(TOTP_SECRET, next(iter(yield_hotp_counters_from_time()))))
    page.locator("input[name=code]").first.fill(code)
    page.locator("input[name=code]").first.press("Enter")
    page.get_by_role("heading", name="All tenants").wait_for()

    page.goto(f"/admin/tenancy/tenant/{cast.acme.pk}/change/")
    page.get_by_role("link", name="View as this company").click()
    page.get_by_label("Reason").fill("Ticket 4711: cannot order")
    page.get_by_role("button", name="Begin the visit").click()
    banner = page.get_by_role("region", name="Visit of support")
    expect(banner).to_contain_text("Sue sees Acme as Alice")
    page.get_by_role("link", name="Settings").first.click()
    page.get_by_label("Name").fill("Sue's")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="This visit is for looking only")).to_be_visible()
    banner.get_by_role("button", name="End the visit").click()
    expect(page.get_by_text("The visit is ended.")).to_be_visible()
    assert page.goto("/t/acme/").status == 404
