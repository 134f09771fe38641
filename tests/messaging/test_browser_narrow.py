"""Messaging on a small telephone: columns stand one below the other, and nothing scrolls sideways."""

import pytest
from playwright.sync_api import Page

from messaging.models import Campaign, Contact, InboundMessage, VirtualNumber
from portal.tenancy.scope import tenant_scope
from tests.messaging.rows import sent_campaign, some_connection
from tests.slice.conftest import session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STATES = {"delivered": 3, "accepted": 2, "failed": 2, "expired": 1, "unknown": 1, "planned": 4}
TOO_WIDE = """() => [...document.querySelectorAll(".pb-table")]
  .filter((table) => table.scrollWidth > table.clientWidth).map((table) => table.getAttribute("aria-label"))"""


@pytest.fixture
def campaign(transactional_db, cast) -> Campaign:
    """Half sent and paused, with a message in many states; contacts with tags, and a reply."""
    with tenant_scope(cast.acme.pk):
        connection = some_connection(cast.acme)
        made = sent_campaign(connection, STATES, state="paused", ended_at=None, text="Hello")
        Campaign.objects.filter(pk=made.pk).update(began_at=made.created_at)
        Contact.objects.create(
            tenant=cast.acme, number="+31612345678", tags=["customer", "a rather long tag of somebody"]
        )
        number = VirtualNumber.objects.create(tenant=cast.acme, connection=connection, number="+3197000000001")
        InboundMessage.objects.create(
            tenant=cast.acme, connection=connection, to=number, sender="+31612345678", text="Hi", vendor_id="m-1"
        )
    return made


@pytest.fixture
def bob(page, portal_server, cast) -> Page:
    page.context.add_cookies([session_cookie(cast.bob, portal_server)])
    page.set_viewport_size({"width": 360, "height": 740})
    return page


def test_no_table_of_a_campaign_or_of_replies_scrolls_sideways(bob, campaign):
    for place in (f"campaigns/{campaign.pk}/", "talks/", "campaigns/new/"):
        bob.goto(f"/t/acme/sms/{place}")
        if place == "campaigns/new/":
            bob.get_by_label("Contacts", exact=True).check()
        assert bob.evaluate(TOO_WIDE) == [], place
        assert bob.evaluate("document.documentElement.scrollWidth") <= 360, place


def test_each_state_of_a_campaign_is_read_with_its_number(bob, campaign):
    bob.goto(f"/t/acme/sms/campaigns/{campaign.pk}/")
    row = bob.locator("#campaign tr", has_text="Delivered").first
    assert row.locator("td[data-label='Messages']").inner_text() == "3"
    assert row.locator("td[data-label='Messages']").bounding_box()["x"] == row.bounding_box()["x"]
