"""The field in the top bar, by keyboard in a real browser."""

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from portal.tenancy.scope import tenant_scope
from tests.provisioning.samples import some_subscriber, stocked_product

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def anna(cast):
    with tenant_scope(cast.acme.pk):
        return some_subscriber(stocked_product(cast.acme, total=5), cast.alice, "anna.smith")


@pytest.fixture
def vera(page, portal_server, client, cast, anna):
    """Vera's browser, on Acme's first page."""
    client.force_login(cast.vera)
    name = settings.SESSION_COOKIE_NAME
    page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": portal_server}])
    page.goto(reverse("tenancy:home", args=["acme"]))
    return page


def test_a_slash_and_a_few_letters_lead_to_a_subscriber(vera, anna):
    field = vera.get_by_role("combobox", name="Search")
    vera.keyboard.press("/")
    expect(field).to_be_focused()
    vera.keyboard.type("smi", delay=20)
    hit = vera.get_by_role("option", name="anna.smith anna.smith@sample.example")
    hit.wait_for()
    expect(field).to_have_attribute("aria-expanded", "true")
    vera.keyboard.press("ArrowDown")
    expect(hit).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", hit.get_attribute("id"))
    vera.keyboard.press("Enter")
    vera.wait_for_url(f"**{reverse('provisioning:subscriber', args=['acme', anna.pk])}")


def test_enter_alone_leads_to_all_results(vera):
    vera.keyboard.press("/")
    vera.keyboard.type("anna")
    vera.keyboard.press("Enter")
    vera.wait_for_url("**/t/acme/search/?q=anna")
    expect(vera.get_by_role("heading", name="Subscribers")).to_be_visible()


def test_escape_closes_what_was_found_and_keeps_the_text(vera):
    field = vera.get_by_role("combobox", name="Search")
    field.fill("anna")
    vera.get_by_role("listbox").wait_for()
    field.press("Escape")
    expect(vera.get_by_role("listbox")).to_be_hidden()
    expect(field).to_have_value("anna")
    expect(field).to_have_attribute("aria-expanded", "false")


def test_a_second_slash_leads_to_the_search_of_the_list(vera):
    vera.goto(reverse("provisioning:subscribers", args=["acme"]))
    vera.keyboard.press("/")
    expect(vera.get_by_role("combobox", name="Search")).to_be_focused()
    vera.keyboard.press("/")
    assert vera.evaluate("document.activeElement.closest('main') !== null")
    assert vera.evaluate("document.activeElement.type") == "search"


def test_on_a_small_telephone_the_search_is_a_page(vera):
    vera.set_viewport_size({"width": 360, "height": 740})
    vera.get_by_role("link", name="Search").click()
    vera.locator("#search-again").fill("anna")
    vera.get_by_role("button", name="Search").click()
    expect(vera.get_by_role("link", name="anna.smith")).not_to_have_count(0)
    assert vera.evaluate("document.documentElement.scrollWidth") <= 360
