"""After a full round of real calls no credential, token or password is anywhere but sealed in its own column."""

import logging
import os

import pytest
import redis
from django.db import connection as database
from django.urls import reverse

from portal.local.embedded import Valkey
from portal.local.pytest_plugin import test_place
from portal.tenancy.scope import staff_scope
from portal.vendors.line import Line
from portal.vendors.models import Connection, ConnectionState
from portal.vendors.tasks import test_connection as run_in_worker
from tests.fixtures.database import superuser
from tests.vendors.calling import read_inventory
from tests.vendors.conftest import CLIENT_ID, SECRET

pytestmark = pytest.mark.django_db(transaction=True)


def everything_stored() -> str:
    """Every row of every table, as text."""
    with database.cursor() as cursor:
        tables = database.introspection.table_names(cursor)
    rows = (superuser().execute(f'select * from "{table}"').fetchall() for table in tables)
    return "\n".join(str(each) for each in rows)


def everything_in_the_broker() -> str:
    number = int(os.environ["BROKER_URL"].rpartition("=")[2])
    broker = redis.Redis.from_url(Valkey(test_place()).cache_url(number))
    return str([broker.lrange(name, 0, -1) for name in broker.scan_iter() if broker.type(name) == b"list"])


@pytest.fixture
def added(client, cast, account, at_sandbox, settings) -> Connection:
    """A connection that Alice added on the page."""
    settings.VENDOR_ALLOW_INSECURE_URLS = True
    client.force_login(cast.alice)
    entered = vars(at_sandbox()) | {"credentials_end_on": "", "form_key": "5f0c4dd8-8f8d-4d50-9a11-3d7e1f6f7a10"}
    assert client.post(reverse("vendors:connection_new", args=["acme"]) + "?vendor=kandy", entered).status_code == 302
    with staff_scope():
        return Connection.objects.get()


def test_a_full_round_of_calls_leaves_no_secret_anywhere(added, control, caplog, client):
    caplog.set_level(logging.DEBUG)
    assert "test_connection" in everything_in_the_broker(), "without a message this would prove nothing"
    run_in_worker(added.tenant_id, added.pk)
    tokens = [_token()]
    password = _make_a_subscriber(added, control)
    control.revoke_tokens(CLIENT_ID)
    read_inventory(added)
    tokens.append(_token())
    control.put_account(CLIENT_ID, "changed at the vendor")
    control.revoke_tokens(CLIENT_ID)
    read_inventory(added)
    pages = "".join(
        client.get(reverse(name, args=["acme", *args])).content.decode()
        for name, args in [
            ("vendors:connections", []),
            ("vendors:connection", [added.pk]),
            ("vendors:connection_edit", [added.pk]),
            ("vendors:calls", []),
        ]
    )
    places = {
        "the database": everything_stored(),
        "the broker": everything_in_the_broker(),
        # What the test itself does as the vendor's staff is not the portal's doing.
        "the logs": "\n".join(line for line in caplog.text.splitlines() if "/_sandbox/" not in line),
        "pages": pages,
    }
    assert "/subscriber" in places["the database"]
    assert added.name in pages
    secrets = {"secret": SECRET, "client id": CLIENT_ID, "password": password, "1st": tokens[0], "2nd": tokens[1]}
    assert len(set(secrets.values())) == 5
    assert [(what, where) for where, text in places.items() for what, secret in secrets.items() if secret in text] == []


def _token() -> str:
    with staff_scope():
        return ConnectionState.objects.get().access_token.reveal()


def _make_a_subscriber(connection: Connection, control) -> str:
    """Returns the password that the vendor tells once."""
    control.order_behind(CLIENT_ID, "increment", 1)
    line = Line(connection)
    made = line.http.post("/subscriber", json={"product": "KPN-VoiceVideo-C", "username": "vera"})
    with staff_scope():
        line.close()
    return made["password"]
