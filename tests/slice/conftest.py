"""People's browsers on the whole stack, with waiting times that a test can bear."""

from collections.abc import Callable

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Page, expect

from portal.tenancy.models import User
from tests.fixtures.browser import EXPECTED_REMARK

# People wait; a busy machine is no defect of the page.
expect.set_options(timeout=20_000)

# Seconds of production, shortened. The settle time is long on purpose: a test says itself when it is over.
TIMES = {
    "OPERATION_SETTLE_SECONDS": "600",
    "SWEEP_SECONDS": "0.5",
    "SYNC_TICK_SECONDS": "0.5",
    "SYNC_SECONDS": "1",
    "LOG_LEVEL": "CRITICAL",
}


@pytest.fixture
def process_env(process_env):
    return process_env | TIMES


@pytest.fixture
def browser_of(browser, portal_server, complaints) -> Callable[..., Page]:
    """A browser of somebody's own, signed in already: `browser_of(cast.bob)`. Without JavaScript where it is asked for."""
    contexts = []

    def sign_in(person: User, **options: object) -> Page:
        context = browser.new_context(base_url=portal_server, locale="en-GB", **options)
        contexts.append(context)
        context.add_cookies([session_cookie(person, portal_server)])
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        return page

    yield sign_in
    for context in contexts:
        context.close()
    serious = [text for text in complaints if not EXPECTED_REMARK.match(text)]
    assert not serious, f"the browsers' consoles said: {serious}"


def session_cookie(person: User, url: str) -> dict[str, str]:
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}
