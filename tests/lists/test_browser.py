"""Choosing rows and filtering in a real browser."""

import re

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import expect

from tests.lists.conftest import page_url

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SUBSCRIBERS = "provisioning.subscribers"


@pytest.fixture
def bob(page, portal_server, client, cast):
    """Bob at the portal, signed in."""
    client.force_login(cast.bob)
    key = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": portal_server}])
    return page


@pytest.fixture
def posted(bob):
    """What the selection sends, instead of sending it."""
    sent = []

    def keep(route):
        sent.append(route.request.post_data or "")
        route.fulfill(status=200, content_type="text/html", body="<title>Kept</title>")

    bob.route(re.compile(r"/batches/choose/"), keep)
    return sent


def ticked(body: str) -> int:
    return len(re.findall(r"(?:^|&)pk=", body))


def test_rows_stay_chosen_over_pages_and_are_sent_together(bob, fill, posted):
    fill(SUBSCRIBERS, 150)
    bob.goto(page_url(SUBSCRIBERS))
    bar = bob.locator("#selection")
    expect(bar).to_be_hidden()
    bob.get_by_label("Select all on this page").check()
    expect(bar).to_contain_text("Selected: 50")
    bob.get_by_role("link", name="Next").click()
    expect(bob.get_by_label("Select all on this page")).not_to_be_checked()
    expect(bar).to_contain_text("Selected: 50")
    bob.get_by_role("checkbox", name=re.compile("Select user-")).first.check()
    expect(bar).to_contain_text("Selected: 51")
    bar.get_by_role("button").first.click()
    bob.wait_for_function("document.title === 'Kept'")
    assert ticked(posted[0]) == 51
    assert "everything" not in posted[0]
    assert "list=provisioning.subscribers" in posted[0]


def test_everything_that_fits_is_chosen_without_naming_rows(bob, fill, posted):
    fill(SUBSCRIBERS, 20)
    bob.goto(page_url(SUBSCRIBERS, state="active"))
    bob.get_by_role("checkbox", name=re.compile("Select user-")).first.check()
    bob.get_by_label("Everything that fits the filter, on all pages").check()
    expect(bob.get_by_role("checkbox", name=re.compile("Select user-")).nth(7)).to_be_checked()
    bob.locator("#selection").get_by_role("button").first.click()
    bob.wait_for_function("document.title === 'Kept'")
    assert "everything=1" in posted[0]
    assert "state%3Dactive" in posted[0]


def test_another_filter_begins_a_new_selection_and_mistakes_are_told_at_once(bob, fill):
    fill(SUBSCRIBERS, 20)
    fill("provisioning.orders", 4)
    bob.goto(page_url(SUBSCRIBERS))
    bob.get_by_role("checkbox", name=re.compile("Select user-")).first.check()
    bob.get_by_label("State").select_option("deleted")
    expect(bob).to_have_url(re.compile("state=deleted"))
    expect(bob.locator("#selection")).to_be_hidden()
    expect(bob.get_by_role("link", name="Clear")).to_be_visible()


def test_the_order_is_turned_in_place_and_stays_with_the_filter(bob, fill):
    fill(SUBSCRIBERS, 20)
    bob.goto(page_url(SUBSCRIBERS))
    bob.get_by_role("link", name="Username").click()
    expect(bob).to_have_url(re.compile("sort=username"))
    expect(bob.locator("#sort-username")).to_be_focused()
    bob.get_by_label("State").select_option("active")
    expect(bob).to_have_url(re.compile("sort=username"))
    expect(bob.locator("th[aria-sort=ascending]")).to_have_count(1)


def test_a_filter_is_saved_and_found_again(bob, fill):
    fill(SUBSCRIBERS, 4)
    bob.goto(page_url(SUBSCRIBERS, state="deleted"))
    bob.get_by_role("button", name="Save filter").click()
    bob.get_by_label("Name").fill("Gone ones")
    bob.get_by_role("dialog").get_by_role("button", name="Save").click()
    bob.goto(page_url(SUBSCRIBERS))
    bob.get_by_role("link", name="Gone ones").click()
    expect(bob).to_have_url(re.compile("state=deleted"))
    expect(bob.get_by_role("link", name="Gone ones")).to_have_attribute("aria-current", "true")
