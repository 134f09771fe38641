"""Take the README's picture of the running demo: python -m docs.pictures.take http://localhost:8000 [FILE]"""

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from portal.local.browser import CHROMIUM_ARGUMENTS, chromium

EMAIL, PASSWORD = "alice@acme.example", "patchbay-demo"
PAGE = "/t/acme/video/"
SIZE = {"width": 1360, "height": 900}


def take(base_url: str, file: Path) -> None:
    """The dashboard of Acme's video as Alice sees it, at twice the pixels."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=CHROMIUM_ARGUMENTS)
        context = browser.new_context(
            base_url=base_url, viewport=SIZE, device_scale_factor=2, locale="en-GB", timezone_id="Europe/Amsterdam"
        )
        page = context.new_page()
        sign_in(page)
        page.goto(PAGE)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=file)
        browser.close()


def sign_in(page: Page) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(EMAIL)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


if __name__ == "__main__":
    base, *rest = sys.argv[1:]
    take(base, Path(rest[0]) if rest else Path(__file__).with_name("dashboard.png"))
