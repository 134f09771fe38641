"""The company's money in a real browser: what an order does to it, a closed month as a PDF, and who sees nothing of it."""

from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from portal.billing.contracts import agree
from portal.billing.lines import before
from provisioning.meters import KEY as METER
from provisioning.operations import order_products
from tests.billing.samples import closed_statement, running_month
from tests.slice.conftest import session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def signed_in(page, portal_server):
    """The page, in the hands of somebody."""

    def sign_in(person) -> Page:
        page.context.clear_cookies()
        page.context.add_cookies([session_cookie(person, portal_server)])
        return page

    return sign_in


@pytest.fixture
def priced(video, cast):
    """Ten euros each, from this month on, and the month before closed."""
    with video.scope():
        closed_statement(cast.acme, before(running_month()))
        terms = {"starts_on": running_month(), "unit_price": Decimal("10")}
        agree(cast.acme, METER, video.product.pk, **terms, acting_user=cast.adam)
    return video


def order(video, cast, quantity: int) -> None:
    with video.scope():
        order_products(video.product, "increment", quantity, acting_user=cast.bob)


def so_far(page: Page):
    return page.locator(".pb-stat").filter(has_text="So far, without VAT")


def test_bill_sees_what_an_order_does_to_the_month_and_takes_a_closed_one_away(signed_in, cast, priced, tmp_path):
    page = signed_in(cast.bill)
    order(priced, cast, 5)
    priced.work()
    page.goto("/t/acme/")
    page.get_by_role("navigation", name="Main").get_by_role("link", name="This month").click()
    expect(so_far(page)).to_contain_text("€ 50.00")
    expect(page.get_by_text("Each further one costs")).to_be_visible()

    order(priced, cast, 3)
    page.reload()
    expect(so_far(page)).to_contain_text("at most € 80.00")
    expect(page.get_by_text("5 is what the ledger proves.")).to_be_visible()
    priced.work()
    page.reload()
    expect(so_far(page)).to_contain_text("€ 80.00")
    expect(so_far(page)).to_contain_text("nothing is unsettled")
    page.get_by_role("link", name="History").click()
    expect(page.locator(".pb-coming .pb-stat-value").first).to_have_text("€ 80.00")

    page.get_by_role("link", name="Statements").click()
    page.locator("main tbody th a").click()
    with page.expect_download() as downloading:
        page.get_by_role("link", name="PDF").click()
    kept = tmp_path / "statement.pdf"
    downloading.value.save_as(kept)
    assert downloading.value.suggested_filename.endswith(".pdf")
    text = PdfReader(kept).pages[0].extract_text()
    assert "128" in text
    assert "A-17" in text


def test_vera_sees_nothing_of_it(signed_in, cast, priced):
    page = signed_in(cast.vera)
    page.goto("/t/acme/")
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation.get_by_role("link", name="Orders")).to_be_visible()
    expect(navigation.get_by_text("Billing")).to_have_count(0)
    expect(navigation.get_by_role("link", name="Statements")).to_have_count(0)
    for path in ("", "statements/", "history/", "draft/pdf/"):
        answer = page.request.get(f"/t/acme/billing/{path}")
        assert answer.status == 403
        assert "€" not in answer.text()
