"""Bob writes a campaign in a real browser: a template, characters replaced as he types, a file with bad rows, the check."""

import pytest
from playwright.sync_api import Page, expect

from messaging.models import Destination, Template
from tests.slice.conftest import session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PEOPLE = """naam;mobiel
Noor;06 12345678
Sam;0687654321
;0611111111
Anna;020 1234567
Noor;+31612345678
"""


@pytest.fixture
def bob(page, portal_server, cast) -> Page:
    page.context.add_cookies([session_cookie(cast.bob, portal_server)])
    return page


@pytest.fixture
def stocked(press):
    """A template to begin from, and a price."""
    with press.mailroom.scope():
        tenant, connection = press.mailroom.tenant, press.mailroom.connection
        Template.objects.create(tenant=tenant, name="Parcel", text="Hello {{ naam }}, your parcel comes…")
        Destination.objects.create(tenant=tenant, connection=connection, country="NL", unit_price="0.07")
    return press


def test_a_campaign_from_a_file_with_bad_rows(bob, stocked):
    bob.goto("/t/acme/sms/campaigns/new/")
    bob.get_by_label("Name").fill("Parcels")
    bob.get_by_label("Template").select_option("Parcel")
    bob.get_by_role("button", name="Use it").click()
    expect(bob.get_by_label("Text")).to_have_value("Hello {{ naam }}, your parcel comes…")
    expect(bob.locator("#measure")).to_contain_text("UCS-2")
    bob.get_by_role("button", name="Replace them by the nearest").click()
    expect(bob.get_by_label("Text")).to_have_value("Hello {{ naam }}, your parcel comes...")
    expect(bob.locator("#measure")).to_contain_text("GSM-7")
    bob.get_by_label("Text").press_sequentially("€ ")
    expect(bob.locator("#measure")).to_contain_text("31 of 1,000")

    expect(bob.locator("#id_numbers")).to_be_visible()
    bob.get_by_label("A CSV file").check()
    expect(bob.locator("#id_numbers")).to_be_hidden()
    bob.locator("#id_file").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()})
    bob.get_by_role("button", name="Check it").click()
    expect(bob.get_by_text("5 lines are being checked")).to_be_visible()
    stocked.work()
    expect(bob.get_by_role("button", name="Release to 2 recipients")).to_be_visible()
    expect(bob.get_by_text("€ Hello Noor, your parcel comes...")).to_be_visible()
    expect(bob.get_by_text("€ 0.14")).to_be_visible()
    bob.get_by_role("link", name="1 line left out").first.click()
    expect(bob.get_by_text("This is not a mobile number.")).to_be_visible()
    bob.get_by_role("link", name="Text not possible").click()
    expect(bob.get_by_text("There is nothing to fill “naam” with.")).to_be_visible()
