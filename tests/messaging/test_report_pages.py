"""The pages of signing keys and numbers: the next step is offered, secrets are shown once and on record."""

import re
from uuid import uuid4

import pytest

from messaging.models import SigningKey, VirtualNumber
from messaging.reports.turning import step_of
from portal.audit.models import Entry
from tests.messaging.vendor_post import some_key

KEYS = "/t/acme/sms/keys/"


def key(state: str, used: bool = False) -> SigningKey:
    return SigningKey(
        key_id=f"wk_{state}", state=state, level="applications", used_at="2026-01-01T00:00Z" if used else None
    )


@pytest.mark.parametrize(
    ("keys", "move"),
    [
        ([], "stage"),
        ([key("active", used=True)], "stage"),
        ([key("staged"), key("active", used=True)], "activate"),
        ([key("active"), key("retiring", used=True)], ""),
        ([key("active", used=True), key("retiring", used=True)], "retire"),
        ([key("active", used=True), key("retired")], "delete"),
    ],
)
def test_the_next_step_follows_from_where_the_keys_stand(keys, move):
    assert step_of(keys, "applications", under_way=False).move == move
    assert step_of(keys, "applications", under_way=True).move == ""


def test_keys_of_another_level_are_not_turned_over_here():
    assert step_of([key("staged")], "teams", under_way=False).move == "stage"


def test_adam_makes_a_key_with_one_click_and_a_double_click_makes_no_second(mailroom, cast, client):
    client.force_login(cast.adam)
    form = {"form_key": str(uuid4())}
    for _click in range(2):
        assert client.post(f"{KEYS}new/", form).status_code == 302
    mailroom.work()
    page = client.get(KEYS).content.decode()
    assert "Put it to use" in page
    assert mailroom.effects("signing_key_created") == 1


def test_a_secret_is_shown_once_and_on_record(mailroom, cast, client):
    with mailroom.scope():
        pk = some_key(mailroom.connection, secret="a-secret-of-the-page").pk
    client.force_login(cast.adam)
    assert "a-secret-of-the-page" not in client.get(KEYS).content.decode()
    form = {"form_key": str(uuid4())}
    assert "a-secret-of-the-page" in client.post(f"{KEYS}{pk}/secret/", form).content.decode()
    assert client.post(f"{KEYS}{pk}/secret/", form).status_code == 302
    with mailroom.scope():
        assert Entry.objects.filter(action="messaging.key_shown").count() == 1


def test_vera_and_bob_do_not_turn_keys(mailroom, cast, client):
    with mailroom.scope():
        pk = some_key(mailroom.connection, secret="a-secret-of-the-page").pk
    for person in (cast.vera, cast.bob):
        client.force_login(person)
        assert client.post(f"{KEYS}{pk}/secret/", {"form_key": str(uuid4())}).status_code == 403
        assert client.post(f"{KEYS}new/", {"form_key": str(uuid4())}).status_code == 403
        assert not re.search("Show it|Make a new key", client.get(KEYS).content.decode())


def test_a_number_is_entered_and_its_messages_are_passed_on(mailroom, cast, client):
    client.force_login(cast.adam)
    new = {"number": "097 0000 0001", "name": "Helpdesk", "form_key": str(uuid4())}
    assert client.post("/t/acme/sms/numbers/new/", new).status_code == 302
    with mailroom.scope():
        number = VirtualNumber.objects.get()
    assert number.number == "+319700000001"
    assert client.post("/t/acme/sms/numbers/new/", new | {"form_key": str(uuid4())}).status_code == 422

    page = f"/t/acme/sms/numbers/{number.pk}/"
    bad = {"name": "Helpdesk", "forward_to_url": "ftp://example.com/", "form_key": str(uuid4())}
    assert client.post(f"{page}change/", bad).status_code == 422
    good = bad | {"forward_to_url": "https://example.com/sms", "forward_to_mail": "desk@example.com"}
    assert client.post(f"{page}change/", good).status_code == 302
    with mailroom.scope():
        number.refresh_from_db()
        assert number.forward_to_url == "https://example.com/sms"
        secret = number.forward_secret.reveal()
    assert secret not in client.get(page).content.decode()
    assert secret in client.post(f"{page}secret/", {"form_key": str(uuid4())}).content.decode()
