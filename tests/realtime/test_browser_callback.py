"""Call me back, in a real browser: on a shop's page of another origin, with the keyboard, to its outcome."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import FrameLocator, Page, expect

from portal.tenancy.scope import tenant_scope
from realtime.callback.models import CallbackForm, CallbackRequest
from realtime.calls.models import Call, CallAction, Leg
from tests.realtime.directory.office import EVERYTHING, Office
from tests.realtime.samples_of_others import let_call, make_form
from tests.slice.conftest import browser_of, process_env

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Fixtures of the slice: people signed in already, and short times.
assert browser_of
assert process_env

ANNA, ANNAS_MOTHER = "+31612345678", "+31687654321"
LONG_ENOUGH = 3_500  # milliseconds until a form may be sent


@pytest.fixture
def shop() -> Iterator["Shop"]:
    with Shop() as running:
        yield running


class Shop:
    """Somebody's site: one page with whatever is in `html`."""

    html = ""

    def __enter__(self) -> "Shop":
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                body = f"<!doctype html><html lang=en><title>Shop</title>{shop.html}".encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args):
                """Tests are quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_args) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def form(cast, shop, portal_server) -> CallbackForm:
    """Acme's form, which the shop's page shows."""
    cache.clear()
    with tenant_scope(cast.acme.pk):
        made = make_form(cast.acme)
        let_call(made, cast.alice)
        CallbackForm.objects.filter(pk=made.pk).update(origins=[shop.origin])
    shop.html = (
        f'<iframe src="{portal_server}/live/callback/{made.public_id}/" title="Call me back" referrerpolicy="origin">'
    )
    return made


def frame(page) -> FrameLocator:
    return page.frame_locator("iframe")


def answered(form: CallbackForm) -> None:
    now = timezone.now()
    with tenant_scope(form.tenant_id):
        base = {"tenant_id": form.tenant_id, "connection_id": form.connection_id, "began_at": now, "answered_at": now}
        call = Call.objects.create(**base, state="talking", last_event_at=now)
        Leg.objects.create(**base, call=call, vendor_id="leg-1", state="talking", to_number=ANNA)
        CallAction.objects.update(state="confirmed", call=call)


def test_a_visitor_is_called_back_from_a_page_of_another_origin(page, shop, form):
    page.goto(shop.origin)
    expect(frame(page).get_by_role("heading", name="Call me back")).to_be_visible()
    frame(page).get_by_label("Your telephone number").fill("12")
    page.wait_for_timeout(LONG_ENOUGH)
    page.keyboard.press("Enter")
    expect(frame(page).get_by_role("alert")).to_contain_text("is no telephone number")
    frame(page).get_by_label("Your telephone number").fill("06 12345678")
    page.keyboard.press("Enter")
    expect(frame(page).get_by_text("We are calling you.")).to_be_visible()
    with tenant_scope(form.tenant_id):
        asked = CallbackRequest.objects.get()
        assert (asked.number, asked.origin) == (ANNA, shop.origin)
    answered(form)
    expect(frame(page).get_by_text("You are on the telephone with us.")).to_be_visible()


def test_without_javascript_it_works_as_well(browser, shop, form):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(shop.origin)
    page.wait_for_timeout(LONG_ENOUGH)
    frame(page).get_by_label("Your telephone number").fill("06 12345678")
    frame(page).get_by_role("button", name="Call me back").click()
    expect(frame(page).get_by_text("We are calling you.")).to_be_visible()
    answered(form)
    frame(page).get_by_role("link", name="See how it stands").click()
    expect(frame(page).get_by_text("You are on the telephone with us.")).to_be_visible()
    context.close()


def test_a_site_that_may_not_shows_nothing(browser, form, shop):
    with Shop() as other:
        other.html = shop.html
        context = browser.new_context()
        page = context.new_page()
        page.goto(other.origin)
        expect(frame(page).get_by_label("Your telephone number")).to_have_count(0)
        page.goto(shop.origin)
        expect(frame(page).get_by_label("Your telephone number")).to_be_visible()
        context.close()


# --- From the company's page to the telephones ----------------------------------------------------------------------------


@pytest.fixture
def worker_env(portal_server):
    """The vendor posts its events to where the portal is."""
    return {"PORTAL_URL": portal_server}


@pytest.fixture
def office(transactional_db, cast, sandbox, worker) -> Office:
    """Acme's telephone system at the vendor, which tells of its calls and takes new ones."""
    cache.clear()
    office = Office(cast.acme, sandbox)
    office.connect(cast.alice, [*EVERYTHING, "calls.create"])
    office.wait_until_told()
    return office


def make_form_by_hand(adam: Page, site: str) -> str:
    """A form by which Bob calls back the visitors of `site`; the lines that embed it, as its page has them."""
    adam.goto("/t/acme/live/callback/forms/new/")
    adam.get_by_label("Name", exact=True).fill("Shop")
    bob = adam.get_by_label("Who calls back").locator("option", has_text="Bob de Vries").get_attribute("value")
    adam.get_by_label("Who calls back").select_option(bob)
    adam.get_by_label("Sites").fill(site)
    adam.get_by_label("Language").select_option("en")
    adam.get_by_role("button", name="Save").click()
    adam.get_by_role("link", name="Shop").click()
    return adam.locator("pre", has_text="iframe").inner_text()


def ask(visitor: Page, site: str, number: str) -> None:
    visitor.goto(site)
    expect(frame(visitor).get_by_role("heading", name="Call me back")).to_be_visible()
    frame(visitor).get_by_label("Your telephone number").fill(number)
    visitor.wait_for_timeout(LONG_ENOUGH)
    frame(visitor).get_by_role("button", name="Call me back").click()
    expect(frame(visitor).get_by_text("We are calling you.")).to_be_visible()


def rings(board: Page, office: Office, number: str) -> None:
    """Bob's telephone and the visitor's: what the vendor plays goes on with this call."""
    call = board.locator("#board-calls > li").filter(has_text=re.compile(rf"Bob de Vries \(202\).*{re.escape(number)}"))
    expect(call).to_contain_text("Ringing")
    office.conversation = office.truth()["calls"][-1]["conversation"]


def outcome(page: Page, number: str, said: str) -> None:
    """The company's list says it, and so does the request's own page, which leads to the call."""
    page.goto("/t/acme/live/callback/")
    row = page.get_by_role("row").filter(has_text=number)
    expect(row).to_contain_text(said)
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", name=number)).to_be_visible()
    expect(page.locator("main")).to_contain_text(said)
    expect(page.get_by_role("link", name=re.compile(r"^Call \d+$"))).to_be_visible()


def test_visitors_are_really_called_and_everybody_is_told_what_became_of_it(page, shop, browser_of, cast, office):
    adam, bob = browser_of(cast.adam), browser_of(cast.bob)
    shop.html = make_form_by_hand(adam, shop.origin)
    assert "<iframe" in shop.html
    bob.goto("/t/acme/live/")

    ask(page, shop.origin, "06 12345678")
    rings(bob, office, ANNA)
    office.step("answer")
    expect(frame(page).get_by_text("You are on the telephone with us.")).to_be_visible()
    office.step("hang_up")
    outcome(adam, ANNA, "Called")

    ask(page, shop.origin, "06 87654321")
    rings(bob, office, ANNAS_MOTHER)
    office.step("hang_up")
    expect(frame(page).get_by_text("The call did not come about.")).to_be_visible()
    outcome(adam, ANNAS_MOTHER, "Not called")
    assert office.effects("call_placed") == 2
