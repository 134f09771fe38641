"""The face in a real Chromium; the `page` fixture fails each test on whatever the console complains about."""

import re

import pytest
from playwright.sync_api import expect

from tests.fixtures.barriers import in_both_themes
from tests.fixtures.cast import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = ["/ui/", "/accounts/email/", "/accounts/2fa/", "/accounts/sessions/", "/accounts/password/change/"]


@pytest.fixture
def signed_in(page, cast):
    """Alice's browser, on her account's first page."""
    page.goto("/accounts/login/?next=/accounts/email/")
    page.get_by_label("Email").fill(cast.alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/accounts/email/")
    return page


def test_no_page_is_wider_than_a_small_telephone(signed_in):
    signed_in.set_viewport_size({"width": 360, "height": 740})
    for address in PAGES:
        signed_in.goto(address)
        assert signed_in.evaluate("document.documentElement.scrollWidth") <= 360, address


def test_a_question_is_modal_and_its_first_answer_is_no(signed_in):
    signed_in.goto("/ui/")
    signed_in.get_by_role("button", name="Delete", exact=True).click()
    dialog = signed_in.get_by_role("dialog", name="Delete subscriber vera?")
    assert dialog.evaluate("dialog => dialog.matches(':modal')")
    assert signed_in.evaluate("document.activeElement.textContent") == "Cancel"
    signed_in.keyboard.press("Escape")
    dialog.wait_for(state="hidden")


def test_the_chosen_theme_stays(signed_in):
    signed_in.locator(".pb-theme summary").click()
    signed_in.get_by_role("button", name="Dark").click()
    signed_in.reload()
    assert signed_in.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_the_first_tab_stop_leads_past_the_menus(signed_in):
    signed_in.goto("/ui/")
    signed_in.keyboard.press("Tab")
    assert signed_in.evaluate("document.activeElement.getAttribute('href')") == "#main"


def test_escape_closes_a_menu_and_returns_to_its_button(signed_in):
    signed_in.locator(".pb-account summary").click()
    signed_in.locator(".pb-account").get_by_role("link", name="Sessions").focus()
    signed_in.keyboard.press("Escape")
    assert signed_in.evaluate("document.activeElement.parentElement.className").startswith("pb-menu pb-account")
    assert not signed_in.locator(".pb-account").get_attribute("open")


def test_an_unreachable_portal_is_told_and_the_form_can_be_sent_again(signed_in, complaints):
    signed_in.evaluate("document.querySelector('form.email_list').setAttribute('hx-post', '/accounts/email/')")
    signed_in.evaluate("htmx.process(document.querySelector('form.email_list'))")
    signed_in.context.set_offline(True)
    signed_in.get_by_role("button", name="Send the confirmation again").click()
    signed_in.get_by_role("alert").get_by_text("nothing was changed").wait_for()
    assert signed_in.locator("form[aria-busy]").count() == 0
    assert any("DISCONNECTED" in text for text in complaints)
    complaints.clear()


# --- Keys ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_home(signed_in):
    """Alice's browser, on the first page of Acme."""
    signed_in.goto("/t/acme/")
    return signed_in


def test_a_page_that_moves_says_that_its_reader_was_signed_out(at_home, complaints):
    at_home.context.clear_cookies(name="sessionid")
    at_home.evaluate(
        "htmx.ajax('GET', '/t/acme/activity/rows/', { source: document.querySelector('main'), swap: 'none' })"
    )
    expect(at_home.get_by_text("You were signed out meanwhile; nothing was changed.")).to_be_visible()
    assert any("401" in text for text in complaints)
    complaints.clear()


def test_a_question_mark_shows_the_keys(at_home):
    at_home.keyboard.press("?")
    keys = at_home.get_by_role("dialog", name="Keyboard")
    expect(keys).to_contain_text("Go to: Subscribers")
    at_home.keyboard.press("Escape")
    expect(keys).to_be_hidden()


def test_g_and_a_letter_lead_to_a_page(at_home):
    at_home.keyboard.press("g")
    at_home.keyboard.press("a")
    at_home.wait_for_url("**/t/acme/activity/**")


def test_another_key_between_leads_nowhere(at_home):
    for key in ("g", "x", "a"):
        at_home.keyboard.press(key)
    at_home.keyboard.press("?")
    expect(at_home.get_by_role("dialog", name="Keyboard")).to_be_visible()
    assert at_home.url.endswith("/t/acme/")


def test_no_key_is_taken_from_who_types(signed_in):
    signed_in.goto("/t/acme/settings/")
    name = signed_in.get_by_label("Name")
    name.fill("")
    name.press_sequentially("ga?/")
    expect(name).to_have_value("ga?/")
    expect(signed_in.get_by_role("dialog", name="Keyboard")).to_be_hidden()


def test_single_keys_can_be_switched_off(at_home):
    at_home.keyboard.press("?")
    at_home.get_by_label("Use single keys in this browser").uncheck()
    at_home.keyboard.press("Escape")
    at_home.reload()
    for key in ("?", "g", "a"):
        at_home.keyboard.press(key)
    expect(at_home.get_by_role("dialog", name="Keyboard")).to_be_hidden()
    assert at_home.url.endswith("/t/acme/")


def test_one_key_shows_all_times_in_utc_and_back(signed_in):
    signed_in.goto("/t/acme/people/")
    since = signed_in.locator("main time").first
    local = since.text_content()
    signed_in.keyboard.press("u")
    expect(since).to_have_text(re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$"))
    signed_in.get_by_role("button", name="Show UTC").click()
    expect(since).to_have_text(local)


# --- Barriers -----------------------------------------------------------------------------------------------------


def test_the_gallery_and_the_keys_have_no_barrier(signed_in):
    """The other pages are visited by tests/sweep; the gallery is on development servers only."""
    signed_in.goto("/ui/")
    assert in_both_themes(signed_in) == []
    signed_in.keyboard.press("?")
    assert in_both_themes(signed_in) == []
