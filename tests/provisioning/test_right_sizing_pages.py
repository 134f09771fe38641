"""The page of right-sizing: what is proposed, what was approved, and what it saved, for those who may."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from provisioning.models import Product, SizingPlan
from tests.provisioning.pages import confirmed, text_of, url
from tests.provisioning.samples import priced, some_sizing_plan, some_subscriber, stocked_product, unpriced

State = SizingPlan.State


@pytest.fixture(autouse=True)
def whole_month(settings):
    """The window is open until the last moment, whatever day it is."""
    settings.RIGHT_SIZING_CLOSES_HOURS = 0


@pytest.fixture
def product(cast) -> Product:
    """Ten of it, all free, at € 2.50."""
    with tenant_scope(cast.acme.pk):
        product = stocked_product(cast.acme, total=10)
        priced("2.50")
    return product


@pytest.fixture
def on(bob, product):
    """Switched on, so that four stay free."""
    bob.post(url("right_sizing_set", product.pk), confirmed(on="on", margin="4"))
    return product


def plans(cast) -> list[SizingPlan]:
    with tenant_scope(cast.acme.pk):
        return list(SizingPlan.objects.order_by("pk"))


def test_it_is_off_at_first_and_says_what_it_would_do(bob, product):
    shown = text_of(bob.get(url("right_sizing")))
    assert "Right-sizing is off" in shown
    assert "10 products are free now; they cost € 25.00 in " in shown


def test_switched_on_it_proposes_what_is_spare_and_what_that_saves(bob, on):
    shown = text_of(bob.get(url("right_sizing")))
    assert "€ 15.00 less in" in shown
    assert "6 products are spare" in shown
    assert "begins with 4" in shown
    assert "removing them earlier saves nothing" in shown


def test_approved_it_is_planned_and_can_be_cancelled(bob, on, cast):
    answer = bob.post(url("right_sizing_approve", on.pk), confirmed(quantity="6"), follow=True)
    assert "Up to 6 products will be removed" in text_of(answer)
    (plan,) = plans(cast)
    answer = bob.post(url("right_sizing_cancel", plan.pk), confirmed(), follow=True)
    assert "Cancelled. All products stay." in text_of(answer)
    assert [plan.state for plan in plans(cast)] == [State.CANCELLED]


def test_a_double_click_plans_it_once(bob, on, cast):
    form = confirmed(quantity="6")
    bob.post(url("right_sizing_approve", on.pk), form)
    bob.post(url("right_sizing_approve", on.pk), form)
    assert len(plans(cast)) == 1


def test_what_changed_meanwhile_is_said(bob, on, cast):
    with tenant_scope(cast.acme.pk):
        some_subscriber(on, cast.bob, "new", state="requested", vendor_id="")
    answer = bob.post(url("right_sizing_approve", on.pk), confirmed(quantity="6"), follow=True)
    assert "5 products are spare now" in text_of(answer)
    assert plans(cast) == []


@pytest.mark.parametrize("quantity", ["0", "-1", "six", "", "99999999999999999999"])
def test_what_is_no_number_approves_nothing(bob, on, cast, quantity):
    assert bob.post(url("right_sizing_approve", on.pk), confirmed(quantity=quantity)).status_code == 302
    assert plans(cast) == []


@pytest.mark.parametrize("margin", ["-1", "", "a few", "1000001"])
def test_a_margin_that_is_none_is_asked_for_again(bob, product, cast, margin):
    answer = bob.post(url("right_sizing_set", product.pk), confirmed(on="on", margin=margin))
    assert answer.status_code == 422
    with tenant_scope(cast.acme.pk):
        assert Product.objects.get().right_size_margin is None


def test_switched_off_again_it_proposes_nothing(bob, on):
    answer = bob.post(url("right_sizing_set", on.pk), confirmed(margin="4"), follow=True)
    assert "Right-sizing is off. Nothing is removed." in text_of(answer)
    assert "Approve" not in text_of(answer)


def test_nothing_spare_is_nothing_to_do(bob, product):
    bob.post(url("right_sizing_set", product.pk), confirmed(on="on", margin="10"))
    assert "Nothing is spare" in text_of(bob.get(url("right_sizing")))


def test_too_late_it_says_from_when_on_there_is_a_new_proposal(bob, on, settings):
    settings.RIGHT_SIZING_CLOSES_HOURS = 24 * 32
    shown = text_of(bob.get(url("right_sizing")))
    assert "Too late for" in shown
    assert "Approve" not in shown


def test_without_a_price_the_saving_is_not_made_up(bob, on, cast):
    with tenant_scope(cast.acme.pk):
        unpriced()
    shown = text_of(bob.get(url("right_sizing")))
    assert "6 products are spare." in shown
    assert "not known without a price" in shown


def test_what_is_free_of_charge_saves_nothing_and_says_so(bob, on, cast):
    with tenant_scope(cast.acme.pk):
        priced("2.50", free_units=10)
    shown = text_of(bob.get(url("right_sizing")))
    assert "6 products are spare , and removing them saves nothing: they are free of charge in" in shown
    with tenant_scope(cast.acme.pk):
        priced("2.50", free_units=9)
    assert "€ 2.50 less in" in text_of(bob.get(url("right_sizing")))


def test_a_viewer_sees_it_and_decides_nothing(client, on, cast):
    client.force_login(cast.vera)
    shown = text_of(client.get(url("right_sizing")))
    assert "6 products are spare" in shown
    assert "Approve: remove" not in shown
    with tenant_scope(cast.acme.pk):
        plan = some_sizing_plan(on, cast.bob)
    for name, pk in (("set", on.pk), ("approve", on.pk), ("cancel", plan.pk)):
        assert client.post(url(f"right_sizing_{name}", pk), confirmed(quantity="1")).status_code == 403


def test_what_was_saved_stays_on_the_page(bob, on, cast):
    with tenant_scope(cast.acme.pk):
        plan = some_sizing_plan(on, cast.bob)
        month_ago = timezone.now() - timedelta(days=40)
        SizingPlan.objects.filter(pk=plan.pk).update(
            state=State.DONE, saved_eur=Decimal("12.5"), month_start=month_ago, approved_at=month_ago
        )
    assert "€ 12.50" in text_of(bob.get(url("right_sizing")))


def test_the_overview_leads_there(bob, product):
    assert url("right_sizing") in bob.get(url("dashboard")).content.decode()


@pytest.mark.parametrize("count", [2, 24])
def test_the_page_costs_few_queries(bob, on, cast, count, django_assert_max_num_queries):
    with tenant_scope(cast.acme.pk):
        for _ in range(count):
            plan = some_sizing_plan(on, cast.bob)
            SizingPlan.objects.filter(pk=plan.pk).update(state=State.CANCELLED, form_key=uuid4())
    with django_assert_max_num_queries(12):
        assert bob.get(url("right_sizing")).status_code == 200
