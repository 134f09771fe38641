"""Bob's campaign in a real browser, from a list with bad rows to a file of what became of it; reports come over HTTP."""

import csv
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from messaging.models import Destination, Message, OptOut, Report, Sender
from tests.messaging.mailroom import Mailroom
from tests.slice.conftest import TIMES, session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The simulated vendor ends a message as the last digits of its number say (sandbox/README.md).
ARRIVE = [f"+316123456{last:02}" for last in range(10)]
FAILS, IS_REJECTED, OPTED_OUT = "+31612399406", "+31612399518", "+31612345677"
PEOPLE = "naam;mobiel\n" + "".join(f"Klant {line};{number}\n" for line, number in enumerate(ARRIVE, 1))
PEOPLE += f"""Fay;{FAILS}
Rex;{IS_REJECTED}
Twice;0612345600
Twice;0031 6 12345601
Anna;020 1234567
Pager;067 1234567
;06 11111111
Stan;{OPTED_OUT}
"""
# Of each kind: how many lines, and what is said of one of them.
LEFT_OUT = {
    "Not a mobile number": (2, "Numbers that begin with 060, 067 or 069 are not mobile numbers."),
    "Twice in the list": (2, "0612345600"),
    "On the do-not-send list": (1, OPTED_OUT),
    "Text not possible": (1, "There is nothing to fill “naam” with."),
}
# The vendor's minutes are seconds, so that reports which came before their key was known come again soon.
SPEED = 30


@pytest.fixture
def process_env(process_env):
    return process_env | TIMES


@pytest.fixture
def worker_env(portal_server):
    """The vendor reports to where Bob's portal is."""
    return {"PORTAL_URL": portal_server}


@pytest.fixture
def bob(page, portal_server, cast) -> Page:
    page.context.add_cookies([session_cookie(cast.bob, portal_server)])
    return page


@pytest.fixture
def stocked(mailroom) -> Mailroom:
    """Who may write as whom, at which price, and who wants no messages."""
    mailroom.control.set_report_speed(SPEED)
    with mailroom.scope():
        own = {"tenant": mailroom.tenant}
        Sender.objects.create(**own, name="Acme", state=Sender.State.ALLOWED)
        Destination.objects.create(**own, connection=mailroom.connection, country="NL", unit_price="0.07")
        OptOut.objects.create(**own, number=OPTED_OUT)
    return mailroom


def write(page: Page, text: str, people: str) -> None:
    page.goto("/t/acme/sms/campaigns/new/")
    page.get_by_label("Name").fill("Parcels")
    page.get_by_label("Text").fill(text)
    page.get_by_label("A CSV file").check()
    page.locator("#id_file").set_input_files({"name": "people.csv", "mimeType": "text/csv", "buffer": people.encode()})
    page.get_by_role("button", name="Check it").click()


def figure(page: Page, state: str):
    """How many messages the page says are in a state."""
    return (
        page.get_by_role("row")
        .filter(has=page.get_by_role("rowheader", name=state, exact=True))
        .get_by_role("cell")
        .nth(1)
    )


def exported(page: Page) -> list[dict[str, str]]:
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Export CSV").click()
    return list(csv.DictReader(Path(downloading.value.path()).read_text(encoding="utf-8-sig").splitlines()))


def test_a_campaign_is_checked_released_watched_and_exported(bob, stocked, worker):
    write(bob, "Hello {{ naam }}, your parcel is here.", PEOPLE)
    expect(bob.get_by_role("button", name="Release to 12 recipients")).to_be_visible()
    expect(bob.get_by_text("The list has 18 lines.")).to_be_visible()
    expect(bob.get_by_text("Hello Klant 1, your parcel is here.")).to_be_visible()
    expect(bob.get_by_text("€ 0.84")).to_be_visible()
    bob.get_by_role("link", name="2 lines left out").first.click()
    for kind, (count, reason) in LEFT_OUT.items():
        bob.get_by_role("navigation", name="Lines that are left out").get_by_role("link", name=kind).click()
        expect(bob.locator("tbody tr")).to_have_count(count)
        expect(bob.get_by_text(reason).first).to_be_visible()
    bob.get_by_role("link", name="Parcels").click()

    bob.get_by_role("button", name="Release to 12 recipients").dblclick()
    expect(bob.get_by_role("heading", name="Parcels", level=1)).to_be_visible()
    # The page follows by itself.
    expect(figure(bob, "Delivered")).to_have_text("10", timeout=40_000)
    expect(figure(bob, "Failed")).to_have_text("1", timeout=20_000)
    expect(figure(bob, "Rejected")).to_have_text("1", timeout=20_000)
    assert sorted(each["number"] for each in stocked.control.sms(stocked.client_id)) == sorted(
        [*ARRIVE, FAILS, IS_REJECTED]
    )

    bob.get_by_role("link", name="Messages").last.click()
    rows = exported(bob)
    assert Counter(row["State"] for row in rows) == {"Delivered": 10, "Failed": 1, "Rejected": 1}
    assert {row["Mobile number"]: row["Vendor's code"] for row in rows if row["Vendor's code"]} == {
        FAILS: "006",
        IS_REJECTED: "018",
    }
    with stocked.scope():
        told = Report.objects.filter(outcome=Report.Outcome.APPLIED, status__in=["1", "4", "5"])
        assert set(told.values_list("message_id", flat=True)) == set(Message.objects.values_list("pk", flat=True))
