"""The whole slice in real browsers, on the real web server, worker, beat and vendor sandbox."""

import pytest
from django.db.models.functions import Now
from django.urls import reverse
from playwright.sync_api import expect

from portal.operations.models import Operation
from portal.tenancy.scope import tenant_scope
from provisioning.operations import order_products
from tests.fixtures.cast import PASSWORD
from tests.slice.ordering import (
    ORDER_FORM,
    ORDER_PAGE,
    expect_same_document,
    expect_state,
    figure,
    fill_order,
    mark_document,
    press_order,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CLIENT_ID, SECRET = "acme-slice", "s3cret-of-the-slice"
ORDERED, TAKEN, MOVED = "order_taken", "subscriber_created", "inventory_changed"


def test_alice_takes_video_into_use(page, cast, sandbox, control, worker):
    """From signing in to who did what, over one connection that she adds herself."""
    # At the vendor 4 products are within the limit; the fifth needs its people.
    control.put_account(CLIENT_ID, SECRET, unit_price_eur="2.50", limit_eur="10")
    page.goto("/")
    page.get_by_label("Email").fill(cast.alice.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", name="Acme").wait_for()

    _add_connection(page, sandbox)
    page.get_by_role("link", name="Go to its pages").click()
    expect(figure(page, "Free products")).to_have_text("0")
    page.get_by_role("link", name="Change price and limit").click()
    page.get_by_label("Price per product").fill("2.50")
    page.get_by_label("Agreed limit (EUR").fill("10")
    page.get_by_role("button", name="Save").click()

    page.get_by_role("link", name="Order products").first.click()
    forecast = fill_order(page, 5)
    expect(forecast).to_contain_text("€ 12.50 more this month: the peak rises to 5")
    expect(forecast).to_contain_text("Above the agreed limit")
    assert control.ledger(CLIENT_ID, ORDERED) == []
    press_order(page)
    expect_state(page, "Pending")
    mark_document(page)
    control.fulfil_order(CLIENT_ID, control.account(CLIENT_ID)["orders"][0]["order_number"])
    expect_state(page, "Fulfilled")
    expect_same_document(page)

    _create_subscriber(page, "anna")
    expect_state(page, "Active")
    password = _reveal_credentials(page)
    page.reload()
    expect(page.get_by_role("button", name="Show the credentials")).to_be_visible()
    assert password not in page.content()

    _read_dashboard(page)
    _order_more_down_than_is_free(page)
    _delete_subscriber(page, "anna")
    _read_its_story(page)
    _read_audit(page)
    assert len(control.ledger(CLIENT_ID, ORDERED)) == 1

    page.locator(".pb-account summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto("/t/acme/video/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def _add_connection(page, sandbox) -> None:
    page.get_by_role("link", name="Connections").first.click()
    page.goto("/t/acme/connections/new/?vendor=kandy")
    page.get_by_label("Name").fill("Video")
    page.get_by_label("Base URL").fill(sandbox.kandy_url)
    page.get_by_label("Token URL").fill(sandbox.token_url)
    page.get_by_label("Client ID").fill(CLIENT_ID)
    page.get_by_label("Client secret").fill(SECRET)
    page.get_by_role("button", name="Add and test").click()
    page.get_by_text("The connection works.").wait_for()


def _create_subscriber(page, username: str) -> None:
    page.get_by_role("link", name="Subscribers").first.click()
    page.get_by_role("link", name="Add a subscriber").first.click()
    page.get_by_label("Username").fill(username)
    page.get_by_role("button", name="Create").click()


def _reveal_credentials(page) -> str:
    page.get_by_role("button", name="Show the credentials").click()
    page.get_by_text("Shown this once").wait_for()
    password = page.locator(".pb-kv > div").filter(has_text="Password").locator("code").inner_text()
    expect(page.locator("pre")).to_contain_text(password)
    return password


def _read_dashboard(page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").last.click()
    expect(figure(page, "Free products")).to_have_text("4")
    expect(figure(page, "Peak this month")).to_have_text("5")
    expect(figure(page, "Cost this month")).to_have_text("€ 12.50")
    page.get_by_text("Show as a table").click()
    latest = page.get_by_role("region", name="Products this month").locator("tbody tr").last
    expect(latest.locator("td.pb-num").first).to_have_text("5")


def _order_more_down_than_is_free(page) -> None:
    page.get_by_role("link", name="Order products").first.click()
    sentence = "Only 4 products are free."
    expect(fill_order(page, 5, fewer=True)).to_contain_text(sentence)
    press_order(page)
    expect(page.get_by_role("alert").filter(has_text=sentence).first).to_be_visible()


def _delete_subscriber(page, username: str) -> None:
    page.get_by_role("link", name="Subscribers").first.click()
    page.get_by_role("link", name=username).click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect_state(page, "Deleted")


def _read_its_story(page) -> None:
    page.get_by_role("link", name="Activity").first.click()
    page.get_by_role("row").filter(has_text="Delete a subscriber").get_by_role("link").click()
    expect(page.get_by_text("Sending 1")).to_be_visible()
    page.get_by_role("link", name="DELETE").click()
    expect(page.locator("pre").first).to_contain_text("DELETE")
    assert SECRET not in page.content()


def _read_audit(page) -> None:
    page.get_by_role("link", name="Audit").first.click()
    rows = page.get_by_role("row").filter(has_text="Alice")
    for act, of_what in (("Connection added", "Video"), ("Price and limit set", ""), ("Credentials shown", "anna")):
        expect(rows.filter(has_text=act).filter(has_text=of_what)).to_have_count(1)


# --- What goes wrong on the line ----------------------------------------------------------------------------------


def test_a_lost_answer_is_shown_and_settles_itself(browser_of, video, cast, worker):
    video.control.add_fault("lost_answer", method="POST", path="/order", client_id=video.client_id, times=1)
    bob = browser_of(cast.bob)
    bob.goto(ORDER_FORM)
    fill_order(bob, 3)
    press_order(bob)
    expect_state(bob, "Outcome unknown")
    mark_document(bob)
    with tenant_scope(cast.acme.pk):  # the settle time is over
        Operation.objects.update(due_at=Now())
    expect_state(bob, "Fulfilled")
    expect_same_document(bob)
    assert video.effects(ORDERED) == 1


def test_two_presses_and_two_tabs_are_one_order_each(browser_of, video, cast):
    bob = browser_of(cast.bob)
    bob.goto(ORDER_FORM)
    copy_of_the_tab = bob.content()
    fill_order(bob, 3)
    bob.get_by_role("button", name="Order", exact=True).dblclick()
    bob.wait_for_url(ORDER_PAGE)
    assert [order.quantity for order in video.orders()] == [3]
    ordered = bob.url

    _send_the_same_form_again(bob, copy_of_the_tab, video)
    assert bob.url == ordered
    assert len(video.orders()) == 1


def _send_the_same_form_again(page, html: str, video) -> None:
    """The tab that was duplicated before the order was placed, with its one-time key."""
    page.goto(ORDER_FORM)
    form_key = html.partition('name="form_key" value="')[2].partition('"')[0]
    page.evaluate("key => { document.querySelector('[name=form_key]').value = key }", form_key)
    fill_order(page, 3)
    press_order(page)
    page.wait_for_url(ORDER_PAGE)


# --- Who sees what ------------------------------------------------------------------------------------------------


def test_each_person_sees_their_own_view_and_strangers_nothing(browser_of, video, cast):
    with video.scope():
        order = order_products(video.product, "increment", 2, acting_user=cast.alice)
    video.work()
    order_page = reverse("provisioning:order", args=["acme", order.pk])

    bob = browser_of(cast.bob)
    bob.goto("/t/acme/video/")
    expect(figure(bob, "Peak this month")).to_have_text("2")
    expect(bob.get_by_role("link", name="Order products").first).to_be_visible()
    expect(bob.get_by_role("link", name="Audit")).to_have_count(0)

    vera = browser_of(cast.vera)
    vera.goto("/t/acme/video/")
    expect(figure(vera, "Peak this month")).to_have_text("2")
    expect(vera.get_by_role("link", name="Order products")).to_have_count(0)
    assert vera.goto(ORDER_FORM).status == 403
    expect(vera.get_by_role("heading", name="You may not do this")).to_be_visible()

    charlie = browser_of(cast.charlie)
    assert charlie.goto(order_page).status == 404
    assert "Alice" not in charlie.content()
    charlie.goto("/t/globex/video/")
    expect(charlie.get_by_text("No video connection yet")).to_be_visible()
    charlie.goto("/t/globex/activity/")
    expect(charlie.get_by_text("Nothing was asked of a vendor yet")).to_be_visible()


# --- Other ways to use it -----------------------------------------------------------------------------------------


def test_an_order_is_placed_by_keyboard_alone(browser_of, video, cast):
    bob = browser_of(cast.bob)
    bob.goto("/t/acme/video/")
    tab_to(bob, "Order products")
    bob.keyboard.press("Enter")
    bob.wait_for_url("**/video/orders/new/**")
    tab_to(bob, "type")
    bob.keyboard.press("ArrowDown")
    bob.keyboard.press("ArrowUp")
    tab_to(bob, "quantity")
    bob.keyboard.type("4")
    bob.locator("#forecast").get_by_text("The peak rises to 4").wait_for()
    tab_to(bob, "Order")
    bob.keyboard.press("Enter")
    bob.wait_for_url(ORDER_PAGE)
    assert [(order.type, order.quantity) for order in video.orders()] == [("increment", 4)]


def tab_to(page, goal: str) -> None:
    """Press Tab until the focus stands, visibly, on what is named or reads `goal`."""
    for _ in range(60):
        page.keyboard.press("Tab")
        name, text, ring = page.evaluate(
            "() => { const e = document.activeElement, s = getComputedStyle(e);"
            " return [e.name || '', e.textContent.trim(), s.outlineStyle !== 'none' || s.boxShadow !== 'none'] }"
        )
        if goal in (name, text):
            assert ring, f"nobody sees that the focus is on {goal}"
            return
    raise AssertionError(f"Tab does not lead to {goal}")


def test_without_javascript_an_order_and_a_subscriber_are_made(browser_of, video, cast):
    bob = browser_of(cast.bob, java_script_enabled=False)
    bob.goto(ORDER_FORM)
    bob.get_by_label("How many").fill("2")
    press_order(bob)
    expect(bob.get_by_role("heading", level=1)).to_have_text("Order this?")
    expect(bob.locator("#forecast")).to_contain_text("The peak rises to 2")
    assert video.orders() == []
    bob.get_by_role("button", name="Order 2 more").click()
    video.work()
    bob.reload()
    expect_state(bob, "Fulfilled")

    bob.goto("/t/acme/video/subscribers/new/")
    bob.get_by_label("Username").fill("daan")
    bob.get_by_role("button", name="Create").click()
    video.work()
    bob.reload()
    expect_state(bob, "Active")
    bob.get_by_role("button", name="Show the credentials").click()
    expect(bob.get_by_text("Shown this once")).to_be_visible()
    assert (video.effects(ORDERED), video.effects(TAKEN)) == (1, 1)
