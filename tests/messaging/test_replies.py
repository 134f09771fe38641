"""The list of replies: by talk, or each message; all of it comes as CSV."""

import csv
import re
from io import StringIO

import pytest
from django.urls import reverse

from messaging.models import InboundMessage, VirtualNumber
from portal.tenancy.scope import tenant_scope
from tests.messaging.rows import some_connection

REPLIES = "/t/acme/sms/talks/"


@pytest.fixture
def said(cast, db):
    """Anna wrote twice to the helpdesk and once to sales, Ben once."""
    with tenant_scope(cast.acme.pk):
        connection = some_connection(cast.acme)
        helpdesk, sales = (
            VirtualNumber.objects.create(tenant=cast.acme, connection=connection, number=number, name=name)
            for number, name in (("+3197000000001", "Helpdesk"), ("+3197000000002", "Sales"))
        )
        for place, (sender, to, text) in enumerate(
            [
                ("+31612345671", helpdesk, "First question"),
                ("+31612345671", helpdesk, "Second question"),
                ("+31612345671", sales, "What does it cost?"),
                ("+31612345672", helpdesk, "STOP"),
            ]
        ):
            InboundMessage.objects.create(
                tenant=cast.acme, connection=connection, to=to, sender=sender, text=text, vendor_id=f"m-{place}"
            )
    return sales


def texts(page) -> list[str]:
    return [text.strip() for text in re.findall(r'data-label="Text">([^<]*)<', page.content.decode())]


def test_each_talk_shows_its_last_message(said, cast, client):
    client.force_login(cast.vera)
    assert texts(client.get(REPLIES)) == ["STOP", "What does it cost?", "Second question"]


def test_every_message_shows_where_that_is_asked_for(said, cast, client):
    client.force_login(cast.vera)
    assert len(texts(client.get(REPLIES, {"show": "all"}))) == 4


@pytest.mark.parametrize("number", ["06 12345671", "+31612345671", "0031 6 12345671"])
def test_a_sender_is_found_by_the_number_in_any_form(said, cast, client, number):
    client.force_login(cast.vera)
    assert texts(client.get(REPLIES, {"q": number})) == ["What does it cost?", "Second question"]


def test_the_replies_to_one_number_are_picked_out(said, cast, client):
    client.force_login(cast.vera)
    page = client.get(REPLIES, {"to": said.pk})
    assert texts(page) == ["What does it cost?"]
    assert re.search(rf'<option value="{said.pk}" selected>Sales</option>', page.content.decode())


def test_every_message_comes_as_csv(said, cast, client):
    client.force_login(cast.vera)
    assert "Export CSV" in client.get(REPLIES).content.decode()
    answer = client.get(reverse("lists:export", args=["acme", "messaging.replies"]), {"show": "all"})
    rows = list(csv.DictReader(StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert [(row["From"], row["Name of the number"], row["Text"]) for row in rows] == [
        ("+31612345672", "Helpdesk", "STOP"),
        ("+31612345671", "Sales", "What does it cost?"),
        ("+31612345671", "Helpdesk", "Second question"),
        ("+31612345671", "Helpdesk", "First question"),
    ]


def test_the_pages_of_numbers_keys_and_groups_mark_their_own_entry(said, cast, client):
    client.force_login(cast.vera)
    for path, entry in (("numbers/", "Replies"), ("keys/", "Delivery reports"), ("groups/", "Contacts")):
        page = client.get(f"/t/acme/sms/{path}").content.decode()
        marked = re.findall(r'<a[^>]*aria-current="page"[^>]*>(.*?)</a>', page, re.DOTALL)
        assert marked, path
        assert all(entry in each for each in marked), path
