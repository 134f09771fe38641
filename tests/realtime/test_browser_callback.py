"""Call me back, in a real browser: on a shop's page of another origin, with the keyboard, to its outcome."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import FrameLocator, expect

from portal.tenancy.scope import tenant_scope
from realtime.callback.models import CallbackForm, CallbackRequest
from realtime.calls.models import Call, CallAction, Leg
from tests.realtime.samples_of_others import let_call, make_form

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ANNA = "+31612345678"
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
