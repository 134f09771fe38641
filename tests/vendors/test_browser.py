"""Adding a connection in a real browser, with a real worker behind it: the result arrives by itself."""

import pytest
from django.conf import settings as django_settings
from django.urls import reverse

from tests.vendors.conftest import CLIENT_ID, SECRET

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def adam(page, portal_server, client, cast):
    """Adam at the portal, signed in."""
    client.force_login(cast.adam)
    key = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": portal_server}])
    return page


def test_a_connection_is_added_and_its_test_shows_without_a_reload(adam, account, sandbox, worker):
    adam.goto(reverse("vendors:connection_new", args=["acme"]) + "?vendor=kandy")
    adam.get_by_label("Name").fill("Video")
    adam.get_by_label("Base URL").fill(sandbox.kandy_url)
    adam.get_by_label("Token URL").fill(sandbox.token_url)
    adam.get_by_label("Client ID").fill(CLIENT_ID)
    adam.get_by_label("Client secret").fill("a typing mistake")
    adam.get_by_role("button", name="Add and test").click()
    adam.get_by_text("does not accept the client ID and secret").wait_for()
    adam.get_by_role("link", name="Edit").click()
    adam.get_by_label("Client secret").fill(SECRET)
    adam.get_by_role("button", name="Save").click()
    adam.get_by_role("button", name="Test the connection").click()
    adam.get_by_text("The connection works.").wait_for()
    adam.get_by_role("button", name="Disable").first.click()
    adam.get_by_role("dialog").get_by_role("button", name="Disable").click()
    adam.get_by_text("This connection is disabled").wait_for()
