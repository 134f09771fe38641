"""Two hundred people imported in a real browser, on the real web server, workers and vendor."""

import re

import pytest
from playwright.sync_api import expect

from portal.tenancy.scope import tenant_scope
from provisioning import sync
from provisioning.operations import create_subscriber
from tests.fixtures.video import SECRET, make_connection
from tests.slice.conftest import browser_of, process_env

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Fixtures of the slice: people signed in already, and short times.
assert browser_of
assert process_env

CLIENT_ID = "acme-import"
BAD = {50: "bad name", 120: "jörg", 171: "user7"}


@pytest.fixture
def stocked(cast, control, sandbox):
    """Acme's connection with 250 products at the vendor, read."""
    control.put_account(CLIENT_ID, SECRET)
    control.order_behind(CLIENT_ID, "increment", 250)
    with tenant_scope(cast.acme.pk):
        connection = make_connection(cast.acme, CLIENT_ID, sandbox)
    sync.read_connection(cast.acme.pk, connection.pk)
    return connection


def file_of_200() -> bytes:
    names = [BAD.get(line, f"user{line}") for line in range(2, 202)]
    return ("Team;Login\n" + "".join(f"red;{name}\n" for name in names)).encode()


def test_bob_imports_two_hundred_people(browser_of, cast, stocked, control, worker):
    page = browser_of(cast.bob)
    page.goto("/t/acme/video/subscribers/")
    page.get_by_role("link", name="Import subscribers").click()
    page.get_by_label("CSV file").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": file_of_200()}
    )
    page.get_by_role("button", name="Upload").click()

    expect(page.get_by_text("The file has 200 rows")).to_be_visible()
    expect(page.get_by_label("Username")).to_have_value("1")
    page.get_by_role("button", name="Check the rows").click()

    start = page.get_by_role("button", name="Start with 197 rows")
    expect(start).to_be_visible()
    table = page.locator("#rows table")
    for line, reason in ((50, "no spaces"), (120, "without accents"), (171, "The same as line 7")):
        expect(table.locator("tbody tr").filter(has_text=re.compile(rf"^\s*{line}\b"))).to_contain_text(reason)
    expect(page.get_by_text("Enough products are free")).to_be_visible()
    start.click()

    expect(page.locator("progress")).to_be_visible()
    page.reload()
    expect(page.locator("h1").get_by_text("Done", exact=True)).to_be_visible(timeout=60_000)
    expect(page.get_by_text("197 of 197")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download rows to mend").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert [line.split(";")[:3] for line in lines[1:]] == [["red", name, str(line)] for line, name in BAD.items()]
    created = [effect["facts"]["username"] for effect in control.iterate_ledger(CLIENT_ID, "subscriber_created")]
    assert len(created) == len(set(created)) == 197


def test_bob_deletes_whom_he_ticked(browser_of, cast, stocked, control, worker):
    """From the list over the preview to the end, nothing happening before the start."""
    for name in ("noor", "sam"):
        with tenant_scope(cast.acme.pk):
            product = stocked.products.select_related("connection__tenant").get()
            create_subscriber(product, name, acting_user=cast.bob)
    page = browser_of(cast.bob)
    page.goto("/t/acme/video/subscribers/")
    expect(page.locator("tbody").get_by_text("Active", exact=True)).to_have_count(2)
    page.get_by_label("Select noor").check()
    page.get_by_role("button", name="Delete subscribers").click()
    expect(page.get_by_text("1 subscriber will be deleted")).to_be_visible()
    page.get_by_role("button", name="Start with 1 row").click()
    expect(page.locator("h1").get_by_text("Done", exact=True)).to_be_visible(timeout=60_000)
    assert control.account(CLIENT_ID)["in_use"] == 1
