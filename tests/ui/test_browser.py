"""The face in a real Chromium; the `page` fixture fails each test on whatever the console complains about."""

import pytest

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
