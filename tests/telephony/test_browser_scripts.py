"""A call script in a real browser: written, checked, tested, published, rolled back; and set as the domain's script."""

import re

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.fixtures.cast import PASSWORD
from tests.telephony.scripting import GOODBYE, HELLO

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Nobody can wait "soon".
WRONG = "<document>\n<work>\n<answer/>\n<wait>soon</wait>\n</work>\n</document>"


@pytest.fixture
def bob(page, cast) -> Page:
    """Bob at the portal, signed in."""
    page.goto("/")
    page.get_by_label("Email").fill(cast.bob.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Acme").wait_for()
    return page


def editor(page: Page):
    return page.get_by_role("textbox", name="Script")


def write(page: Page, text: str, button: str) -> None:
    editor(page).fill(text)
    page.get_by_role("button", name=button).click()


def what_calls_get(address: str) -> str:
    answer = requests.get(address, params={"caller_id_number": "101"}, timeout=5)
    assert answer.status_code == 200
    return answer.text


def expect_calls_to_get(page: Page, address: str, text: str) -> None:
    for _ in range(50):
        if what_calls_get(address) == text:
            return
        page.wait_for_timeout(200)
    raise AssertionError(f"calls still get {what_calls_get(address)}")


def test_bob_writes_tests_publishes_and_rolls_back_a_script(bob):
    bob.goto("/t/acme/telephony/scripts/new/")
    bob.get_by_label("Name").fill("Reception")
    bob.get_by_role("radio").first.check()
    bob.locator("main").get_by_role("button").last.click()
    expect(bob.get_by_role("heading", name="Reception", level=1)).to_be_visible()

    editor(bob).fill(WRONG)
    expect(bob.locator("#findings")).to_contain_text("1 error: the script cannot be published.")
    bob.locator("#findings").get_by_role("button", name="Line 4").click()
    expect(editor(bob)).to_be_focused()
    expect(bob.locator(".pb-line-numbers .pb-wrong")).to_have_text("4")

    write(bob, HELLO, "Save and publish")
    expect(bob.get_by_text("Calls get version 2 from now on")).to_be_visible()

    bob.get_by_role("link", name="Add a test case").click()
    bob.get_by_label("Name").fill("From a phone")
    bob.get_by_label("The call's parameters").fill("caller_id_number = 101")
    bob.get_by_label("The answer must contain").fill("Hello 101")
    bob.get_by_role("button", name="Keep").click()
    expect(bob.get_by_text("Passes")).to_be_visible()

    write(bob, GOODBYE, "Save and publish")
    expect(bob.get_by_text("1 test case failed, so it was not published")).to_be_visible()
    bob.get_by_role("link", name="From a phone").click()
    bob.get_by_label("The answer must contain").fill("<answer/>")
    bob.get_by_role("button", name="Keep").click()
    bob.get_by_role("listitem").filter(has_text="Version 3").get_by_role("button", name="Publish").click()
    expect(bob.get_by_text("Calls get version 3 from now on")).to_be_visible()

    bob.get_by_role("button", name="Show the address").click()
    address = bob.locator("pre").filter(has_text="/scripts/").inner_text().strip()
    assert re.search(r"/scripts/[\w-]{43}$", address)
    assert what_calls_get(address) == GOODBYE

    bob.get_by_role("link", name="Version 2", exact=True).click()
    expect(bob.get_by_role("heading", name="What has changed since version 1")).to_be_visible()
    bob.get_by_role("main").get_by_role("link", name="Reception").first.click()
    bob.get_by_role("listitem").filter(has_text="Version 2").get_by_role("button", name="Publish").click()
    expect(bob.get_by_text("Calls get version 2 from now on")).to_be_visible()
    # A process serves what it has read for two seconds.
    expect_calls_to_get(bob, address, HELLO.replace("{{ caller_id_number }}", "101"))


def test_bob_has_the_vendor_test_and_take_an_address(bob, telephone, worker):
    bob.goto("/t/acme/telephony/script/")
    expect(bob.get_by_text("The domain has no external script")).to_be_visible()

    bob.get_by_role("link", name="Test it").click()
    bob.get_by_role("link", name="A call from a SIP account").click()
    bob.get_by_label("Script").select_option("An address elsewhere")
    bob.get_by_label("Address").fill("https://calls.example.com/night.xml")
    bob.get_by_role("button", name="Have the vendor test it").click()
    expect(bob.get_by_text("The script is in order.")).to_be_visible(timeout=20_000)
    expect(bob.locator("pre")).to_contain_text("call_type is sip")

    bob.get_by_role("link", name="External script").first.click()
    bob.get_by_role("link", name="Set a script").click()
    bob.get_by_label("Script").select_option("An address elsewhere")
    bob.get_by_label("Address").fill("https://calls.example.com/night.xml")
    bob.get_by_role("button", name="Set", exact=True).click()
    expect(bob.locator("#external-script code")).to_have_text("calls.example.com/night.xml", timeout=20_000)
    assert telephone.truth()["script"]["url"] == "https://calls.example.com/night.xml"
