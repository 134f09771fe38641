"""A month's end in real browsers: spare products approved for removal, the month closed, and its paper taken away."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from portal.billing.lines import before
from portal.billing.models import Statement
from portal.tenancy.scope import tenant_scope
from provisioning.models import SizingPlan
from tests.billing.samples import counted_product, running_month
from tests.fixtures.cast import sign_in_with_second_factor
from tests.provisioning.samples import priced
from tests.slice.ordering import ORDER_FORM, fill_order

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def process_env(process_env):
    """What is spare can be approved until the last moment, whatever day it is."""
    return process_env | {"RIGHT_SIZING_CLOSES_HOURS": "0"}


@pytest.fixture
def product(cast, transactional_db):
    """Eight of it last month and ten since, three of them free, at € 2.50 after the first four."""
    with tenant_scope(cast.acme.pk):
        product = counted_product(cast.acme, cast.bob, [8, 10], price=None)
        priced("2.50", free_units=4)
    return product


@pytest.fixture
def signed_in(page, portal_server):
    """The page, in the hands of somebody who has shown a second factor."""

    def sign_in(person) -> Page:
        client, name = Client(), settings.SESSION_COOKIE_NAME
        sign_in_with_second_factor(client, person)
        page.context.clear_cookies()
        page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": portal_server}])
        return page

    return sign_in


def sizing_page(page: Page) -> None:
    page.goto("/t/acme/video/")
    page.get_by_role("link", name="See what could be saved").click()


def test_bob_sees_what_free_units_leave_him_and_approves_a_removal_by_clicking(signed_in, cast, product):
    page = signed_in(cast.bob)
    page.goto(ORDER_FORM)
    forecast = fill_order(page, 2)
    expect(forecast).to_contain_text("€ 5.00 more this month")
    expect(forecast.get_by_role("row", name="Cost this month")).to_contain_text("€ 15.00")

    sizing_page(page)
    expect(page.get_by_text("Right-sizing is off")).to_be_visible()
    page.get_by_label("Propose removing products that nobody needs").check()
    page.get_by_label("Products that stay free").fill("1")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("€ 5.00 less in")
    page.get_by_role("button", name="Approve: remove 2").click()
    expect(page.get_by_text("Up to 2 products will be removed")).to_be_visible()
    with tenant_scope(cast.acme.pk):
        plan = SizingPlan.objects.get()
    assert (plan.quantity, plan.state, plan.approved_by_id) == (2, SizingPlan.State.PLANNED, cast.bob.pk)


def test_sue_closes_the_month_by_clicking_and_bill_takes_its_paper_away(signed_in, cast, product, tmp_path):
    month = before(running_month())
    page = signed_in(cast.sue)
    page.goto("/admin/billing/closingrun/")
    page.locator(".object-tools").get_by_role("link", name="Add month-end run").click()
    page.get_by_label("Month").select_option(month.isoformat())
    page.get_by_label("Company").fill("acme")
    page.get_by_role("button", name="Close").click()
    with tenant_scope(cast.acme.pk):
        statement = Statement.objects.get()
    assert (statement.month, statement.net, statement.closed_by_name) == (month, Decimal("10.00"), "Sue")
    expect(page.locator("#content")).to_contain_text(statement.number)

    page = signed_in(cast.bill)
    page.goto("/t/acme/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Statements").click()
    page.get_by_role("link", name=statement.number, exact=True).click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="PDF").click()
    kept = tmp_path / "statement.pdf"
    downloading.value.save_as(kept)
    text = PdfReader(kept).pages[0].extract_text()
    assert statement.number in text
    assert "10.00" in text


def test_vera_can_neither_approve_nor_see_a_statement(signed_in, cast, product):
    page = signed_in(cast.vera)
    sizing_page(page)
    expect(page.get_by_text("Right-sizing is off")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    expect(page.get_by_label("Products that stay free")).to_have_count(0)
    expect(page.get_by_role("link", name="Statements")).to_have_count(0)
    for path in ("", "statements/", "draft/pdf/"):
        assert page.request.get(f"/t/acme/billing/{path}").status == 403
