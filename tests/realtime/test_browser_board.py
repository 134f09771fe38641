"""The live board in a real browser: it moves by itself, obeys keys, keeps the focus, and goes on without a stream."""

import re

import pytest
from playwright.sync_api import Page, expect

from realtime.calls.models import LegState
from tests.fixtures.barriers import in_both_themes
from tests.realtime.boards import ALL_SCOPES, Office
from tests.slice.conftest import session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def office(transactional_db, cast) -> Office:
    return Office(cast.acme, cast.alice, ALL_SCOPES)


@pytest.fixture
def bob(page, portal_server, cast, office) -> Page:
    page.context.add_cookies([session_cookie(cast.bob, portal_server)])
    return page


def test_a_call_rings_is_steered_and_ends_on_the_board(bob, office, cast):
    desk = office.extension("Bob at his desk", "202", cast.bob)
    office.extension("Reception", "201")
    bob.goto("/t/acme/live/")
    expect(bob.locator("#board-state")).to_have_text("Live")

    call = office.call(desk, "+31612345678", LegState.RINGING)
    row = bob.locator(f"#call-{call.pk}")
    expect(row).to_contain_text("+31612345678")
    expect(row).to_contain_text("Ringing")
    office.become(call, LegState.TALKING)
    expect(row.get_by_role("button", name="Hold")).to_be_visible()
    expect(row.locator("time")).to_have_text(re.compile(r"^00:\d\d$"))
    assert in_both_themes(bob) == []

    # By keys: down to the call; what comes meanwhile leaves the focus there; then hold it.
    bob.keyboard.press("ArrowDown")
    expect(row).to_be_focused()
    other = office.call(office.extension("Sales", "203"), "+31687654321", LegState.RINGING)
    expect(bob.locator(f"#call-{other.pk}")).to_be_visible()
    expect(row).to_be_focused()
    bob.keyboard.press("o")
    expect(row).to_contain_text("Asked for")
    expect(row.get_by_role("button", name="Hold")).to_be_disabled()

    row.focus()
    bob.keyboard.press("t")
    dialog = bob.get_by_role("dialog")
    expect(dialog).to_contain_text("finished with * on your telephone")
    dialog.get_by_label("Transfer to").fill("not a number")
    dialog.get_by_role("button", name="Transfer").click()
    expect(dialog).to_contain_text("This is not a telephone number")
    dialog.get_by_label("Transfer to").fill("201")
    dialog.get_by_role("button", name="Transfer").click()
    expect(dialog).to_be_hidden()
    expect(row).to_contain_text("Transfer: Reception (201)")

    office.become(call, LegState.ENDED)
    expect(row).to_have_count(0)


def test_a_call_is_placed_by_a_key_and_co_workers_are_found(bob, office, cast):
    office.extension("Bob at his desk", "202", cast.bob)
    office.extension("Reception", "201")
    bob.goto("/t/acme/live/")
    bob.get_by_label("Find a co-worker or a call").fill("recep")
    expect(bob.locator("#board-tiles > li:visible")).to_have_count(1)
    bob.locator("#board-tiles > li:visible").focus()
    bob.keyboard.press("c")
    dialog = bob.get_by_role("dialog")
    expect(dialog.get_by_label("Number or extension")).to_have_value("201")
    dialog.get_by_role("button", name="Call").click()
    expect(dialog).to_be_hidden()
    expect(bob.locator("#board-notes")).to_contain_text("Reception (201)")


def test_without_a_stream_the_board_asks_now_and_then(bob, office):
    bob.route("**/live/stream", lambda route: route.fulfill(status=404))
    reception = office.extension("Reception", "201")
    bob.goto("/t/acme/live/")
    expect(bob.locator("#board-state")).to_have_text("Looked up every few seconds")
    call = office.call(reception, "+31612345678", LegState.RINGING)
    expect(bob.locator(f"#call-{call.pk}")).to_be_visible()
    bob.unroute("**/live/stream")
    expect(bob.locator("#board-state")).to_have_text("Live", timeout=20_000)
