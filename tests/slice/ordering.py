"""What people do and read on the video pages, by the words that stand there."""

import re

from playwright.sync_api import Locator, Page, expect

ORDER_FORM = "/t/acme/video/orders/new/"
ORDER_PAGE = re.compile(r"/t/acme/video/orders/\d+/$")


def fill_order(page: Page, quantity: int, *, fewer: bool = False) -> Locator:
    """Fill in the form and wait for its forecast, which is returned."""
    page.get_by_label("Fewer products" if fewer else "More products").check()
    page.get_by_label("How many").fill(str(quantity))
    forecast = page.locator("#forecast")
    said = f":{'decrement' if fewer else 'increment'}:{quantity}:"
    forecast.locator(f"input[name=seen][value*='{said}']").wait_for(state="attached")
    return forecast


def press_order(page: Page) -> None:
    page.get_by_role("button", name="Order", exact=True).click()


def figure(page: Page, label: str) -> Locator:
    """One of the dashboard's figures."""
    return page.locator(".pb-stat").filter(has_text=label).locator(".pb-stat-value")


def expect_state(page: Page, state: str) -> None:
    """The badge in the page's header, once it says so by itself."""
    expect(page.locator(".pb-page-header h1").get_by_text(state, exact=True)).to_be_visible()


def mark_document(page: Page) -> None:
    """Leave a mark that a reload would wipe out."""
    page.evaluate("document.documentElement.dataset.seen = 'by-me'")


def expect_same_document(page: Page) -> None:
    assert page.evaluate("document.documentElement.dataset.seen") == "by-me"
