"""Two people's browsers on the whole portal: one connects the telephone system, and both follow its calls without a reload."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.realtime.directory.office import EVERYTHING, Office
from tests.slice.conftest import browser_of, process_env

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Fixtures of the slice: people signed in already, and short times.
assert browser_of
assert process_env

ANNA = "+31612345678"
# What a worker that was only just started begins with takes longer than what a reader waits for.
STARTING = 60_000


@pytest.fixture
def worker_env(portal_server):
    """The vendor leads people back, and posts its events, to where the portal is."""
    return {"PORTAL_URL": portal_server}


@pytest.fixture
def unconnected(transactional_db, cast, sandbox) -> Office:
    """Nobody has consented to anything."""
    return Office(cast.acme, sandbox)


@pytest.fixture
def office(unconnected, cast, worker) -> Office:
    """Connected for the company, with all that it takes; the vendor tells of its calls."""
    unconnected.connect(cast.alice, [*EVERYTHING, "calls.manage", "calls.create"])
    unconnected.wait_until_told()
    return unconnected


@pytest.fixture
def people(browser_of, cast) -> tuple[Page, Page]:
    """Adam, an admin, and Bob, an operator."""
    return browser_of(cast.adam), browser_of(cast.bob)


def open_boards(*pages: Page) -> None:
    for page in pages:
        page.goto("/t/acme/live/")
        expect(page.locator("#board-state")).to_have_text("Live")
        page.evaluate("window.neverLoadedAgain = true")


def follow(pages: tuple[Page, ...], state: str, telephone: str) -> None:
    """Each board shows Anna's call as one, and the telephone, in this state."""
    for page in pages:
        expect(calls(page)).to_have_count(1)
        expect(calls(page).filter(has_text=ANNA).filter(has_text=telephone)).to_contain_text(state)
        expect(tile(page, telephone)).to_contain_text(state)


def calls(page: Page) -> Locator:
    return page.locator("#board-calls > li")


def tile(page: Page, name: str) -> Locator:
    return page.locator("#board-tiles > li").filter(has_text=name)


def see_it_end(pages: tuple[Page, ...], *telephones: str) -> None:
    for page in pages:
        expect(calls(page)).to_have_count(0)
        for name in telephones:
            expect(tile(page, name)).to_contain_text("Free")
        assert page.evaluate("window.neverLoadedAgain"), "the board was loaded anew"


def consent(page: Page, login: str) -> None:
    """To the vendor's own page, in as somebody there, and back."""
    page.get_by_role("link", name="Go on").click()
    expect(page.get_by_role("heading", name="Kwebbl")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="calls.manage")).to_be_visible()
    page.get_by_label("Login name").fill(login)
    page.get_by_label("Password").fill(login)
    page.get_by_role("button", name="Allow").click()


def test_adam_connects_the_company_and_both_see_a_call_ring_be_answered_and_end(people, unconnected, worker):
    adam, bob = people
    adam.goto("/t/acme/live/connect/")
    company = adam.locator("#company")
    for box in company.get_by_role("checkbox").all():
        box.check()
    company.get_by_role("button", name="Connect").click()
    consent(adam, "alice")
    expect(adam.get_by_text("The vendor gave the permission.")).to_be_visible(timeout=STARTING)
    adam.get_by_role("link", name="To the permissions").click()
    expect(company.locator("dl")).to_contain_text("Active")
    expect(company.locator("dl")).to_contain_text("Place calls for anybody, and call-me-back")
    unconnected.wait_until_told()
    adam.goto("/t/acme/live/permissions/")
    expect(adam.get_by_role("row").filter(has_text="the company")).to_contain_text("calls.manage")
    adam.goto("/t/acme/live/subscriptions/")
    expect(adam.get_by_role("row").filter(has_text="Everybody's")).to_contain_text("Active")

    open_boards(adam, bob)
    for page in people:
        expect(tile(page, "Bob de Vries")).to_contain_text("Free")
    unconnected.ring(ANNA, "345")
    follow(people, "Ringing", "Bob de Vries")
    unconnected.step("answer")
    follow(people, "Talking", "Bob de Vries")
    expect(calls(adam).locator("time")).to_have_text(re.compile(r"^00:\d\d$"))
    unconnected.step("hang_up")
    see_it_end(people, "Bob de Vries", "Sales")


def test_bob_transfers_a_call_from_the_board_and_adam_sees_where_it_went(people, office):
    adam, bob = people
    open_boards(adam, bob)
    office.ring(ANNA, "345")
    office.step("answer")
    follow(people, "Talking", "Bob de Vries")

    # The vendor takes its time, so that what was asked for is seen before it happened.
    office.control.add_fault("delay", seconds=2, path="/kwebbl/v100/calls", times=1)
    calls(bob).get_by_role("link", name="Transfer").click()
    dialog = bob.get_by_role("dialog")
    dialog.get_by_label("Transfer to").fill("203")
    dialog.get_by_role("button", name="Transfer").click()
    expect(dialog).to_be_hidden()
    for page in people:
        expect(calls(page)).to_contain_text("Asked for Transfer: Vera Bakker (203)")
    follow(people, "Ringing", "Vera Bakker")
    for page in people:
        expect(calls(page)).not_to_contain_text("Asked for")
        expect(tile(page, "Bob de Vries")).to_contain_text("Free")
    office.step("answer")
    follow(people, "Talking", "Vera Bakker")
    assert office.effects("call_transferred") == 1
    office.step("hang_up")
    see_it_end(people, "Vera Bakker")


def test_adam_sets_a_caller_id_and_sees_it_confirmed(people, office):
    adam, bob = people
    adam.goto("/t/acme/live/directory/")
    adam.get_by_role("link", name="Bob de Vries").click()
    bob.goto(adam.url)
    expect(bob.get_by_role("button", name="Set the caller ID")).to_have_count(0)
    adam.get_by_label("Caller ID").select_option("+31102612346")
    adam.get_by_role("button", name="Set the caller ID").click()
    expect(adam.get_by_text("Set here: +31102612346.")).to_be_visible()
    bob.reload()
    expect(bob.get_by_text("Set here: +31102612346.")).to_be_visible()
    (set_at_vendor,) = (row for row in office.truth()["extensions"] if row["name"] == "Bob de Vries")
    assert set_at_vendor["caller_id"]
