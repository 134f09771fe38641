"""A telephone for Dora, in real browsers: Adam creates the account and sends the link, she opens it, once."""

import email
import re
from collections.abc import Iterator
from email.policy import default

import pytest
from playwright.sync_api import Page, expect

from telephony import statuses
from tests.slice.conftest import session_cookie

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def post(tmp_path):
    """The folder that the portal's mails are written to."""
    return tmp_path / "mail"


@pytest.fixture
def process_env(process_env, post):
    return process_env | {"EMAIL_URL": f"filemail:///{post}"}


@pytest.fixture
def adam(page, portal_server, cast) -> Page:
    page.context.add_cookies([session_cookie(cast.adam, portal_server)])
    return page


@pytest.fixture
def dora(browser, portal_server, complaints) -> Iterator[Page]:
    """A browser that the portal has never seen."""
    context = browser.new_context(base_url=portal_server, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(10_000)
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    yield page
    context.close()


def link_in(post) -> str:
    (written,) = post.iterdir()
    mail = email.message_from_string(written.read_text().partition("\n" + "-" * 79)[0], policy=default)
    assert mail["To"] == "dora@example.com"
    return re.search(r"http://\S+/phone-setup/\S+", mail.get_body(("plain",)).get_content())[0]


def test_a_telephone_for_dora(adam, dora, telephone, post, tmp_path):
    adam.goto("/t/acme/telephony/new/")
    adam.get_by_label("Username").fill("dora")
    adam.get_by_role("button", name="Create").click()
    expect(adam.get_by_text("is being created at the vendor").first).to_be_visible()
    telephone.work()
    statuses.read_statuses(telephone.tenant.pk, telephone.connection.pk)
    account = telephone.account("dora")
    with telephone.scope():
        password = account.password.reveal()

    expect(adam.get_by_role("link", name="Setup links")).to_be_visible()
    expect(adam.locator("main").get_by_text("Not signed in")).to_be_visible()
    adam.get_by_role("link", name="Setup sheet").click()
    expect(adam.get_by_role("img", name="QR code")).to_be_visible()
    with adam.expect_download() as downloading:
        adam.get_by_role("link", name="PDF").click()
    assert downloading.value.suggested_filename == "setup-dora.pdf"
    adam.get_by_role("link", name="Setup links").click()
    adam.get_by_label("E-mail address").fill("dora@example.com")
    adam.get_by_role("button", name="Send").click()
    expect(adam.get_by_text("Not opened yet", exact=True)).to_be_visible()
    assert password not in adam.content()

    address = link_in(post)
    dora.goto(address)
    assert password not in dora.content()
    dora.get_by_role("button", name="Show the setup sheet").click()
    expect(dora.locator("[data-password]")).to_have_text(password)
    expect(dora.get_by_text(account.domain, exact=True)).to_be_visible()
    expect(dora.get_by_role("button", name="Print")).to_be_visible()

    dora.goto(address)
    expect(dora.get_by_role("heading", name="This link shows nothing")).to_be_visible()
    assert password not in dora.content()
    adam.reload()
    expect(adam.get_by_text("Opened", exact=True)).to_be_visible()
    adam.get_by_role("link", name="dora", exact=True).click()
    expect(adam.get_by_text("Setup link opened: the password was shown")).to_be_visible()
