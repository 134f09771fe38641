"""Acme's telephones and calls as rows, and a browser's end of the board's stream."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection, HTTPResponse
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from django.utils import timezone

from portal.tenancy.scope import tenant_scope
from portal.vendors.models import Connection
from realtime.board import bell
from realtime.calls.changes import Before, CallChange
from realtime.calls.models import Call, Leg, LegEvent, LegState
from realtime.models import Extension, Grant
from tests.fixtures.account import connected
from tests.realtime.samples_board import a_call

ALL_SCOPES = ["calls.events", "calls.manage", "calls.create"]


class Office:
    """One company's telephones; what happens to calls is written as events would have it, and rung for."""

    def __init__(self, tenant: Any, admin: Any, scopes: list[str] | None = None, connection: Any = None) -> None:
        self.tenant, self.admin = tenant, admin
        with self.scope():
            self.connection = connection or _connection(tenant)
            if scopes is not None:
                self.grant(scopes)

    def scope(self):
        return tenant_scope(self.tenant.pk)

    def grant(self, scopes: list[str], user: Any = None, access_token: str = "token") -> Grant:
        with self.scope():
            return Grant.objects.create(
                tenant=self.tenant,
                connection=self.connection,
                user=user,
                scopes=scopes,
                access_token=access_token,
                refresh_token="refresh",
                access_issued_at=timezone.now(),
                access_expires_at=timezone.now() + timedelta(days=14),
                refresh_expires_at=timezone.now() + timedelta(days=196),
                refresh_due_at=timezone.now() + timedelta(days=7),
                granted_by=user or self.admin,
            )

    def extension(self, name: str, number: str, member: Any = None, vendor_id: str = "", **more: Any) -> Extension:
        with self.scope():
            return Extension.objects.create(
                tenant=self.tenant,
                connection=self.connection,
                vendor_id=vendor_id or number.zfill(32),
                name=name,
                number=number,
                kind="user",
                member=member,
                **more,
            )

    def call(
        self, extension: Extension, number: str = "+31612345678", state: str = LegState.TALKING, vendor_id: str = ""
    ) -> Call:
        with self.scope():
            call = a_call(
                self.tenant, self.connection, extension, number, state=state, vendor_id=vendor_id or f"call-{number}"
            )
            bell.ring(self.tenant.pk)
        return call

    def become(self, call: Call, state: str) -> None:
        ended = {"ended_at": timezone.now()} if state == LegState.ENDED else {}
        with self.scope():
            Call.objects.filter(pk=call.pk).update(state=state, **ended)
            Leg.objects.filter(call=call).update(state=state, **ended)
            bell.ring(self.tenant.pk)

    def change(self, call: Call, *event_types: str) -> CallChange:
        """`call` as it is now, with new events of these types."""
        call = Call.objects.get(pk=call.pk)
        legs = list(Leg.objects.filter(call=call))
        events = [LegEvent(leg=legs[0], event_type=event_type, at=timezone.now()) for event_type in event_types]
        return CallChange(call, legs, events, Before())


def _connection(tenant: Any) -> Connection:
    base = "http://127.0.0.1:9/v100"
    account = {"client_id": "live", "client_secret": "s3cret"}
    return connected(tenant, "kwebbl", "Live calls", base_url=base, token_url=f"{base}/token", **account)


def session_of(person: Any) -> str:
    """The cookie of a browser in which this person is signed in."""
    client = Client()
    client.force_login(person)
    return cookie_of(client)


def cookie_of(client: Client) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


class Stream:
    """A browser's end of one stream."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response
        self.text = ""

    def events(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """(name, data) of each until the stream ends."""
        name = ""
        for line in iter(self.response.readline, b""):
            text = line.decode()
            self.text += text
            if text.startswith("event: "):
                name = text[7:].strip()
            elif text.startswith("data: "):
                yield name, json.loads(text[6:])

    def until(self, words: str, seconds: float = 10) -> str:
        """All that came up to a board's message that has these words in it."""
        ends = monotonic() + seconds
        for name, told in self.events():
            if name == "board" and words in json.dumps(told, ensure_ascii=False):
                return self.text
            assert monotonic() < ends, f"{words!r} did not come in {seconds} s: {self.text[-2000:]}"
        raise AssertionError(f"the stream ended before {words!r} came")

    def beats(self, number: int) -> list[dict[str, Any]]:
        found = []
        for name, told in self.events():
            if name == "beat":
                found.append(told)
                if len(found) == number:
                    break
        return found


@contextmanager
def asking(
    server: str, cookie: str = "", slug: str = "acme", method: str = "GET", seconds: float = 20
) -> Iterator[HTTPResponse]:
    where = urlsplit(server)
    line = HTTPConnection(where.hostname or "localhost", where.port, timeout=seconds)
    try:
        line.request(method, f"/t/{slug}/live/stream", headers={"Cookie": cookie} if cookie else {})
        yield line.getresponse()
    finally:
        line.close()


@contextmanager
def streaming(server: str, cookie: str, slug: str = "acme") -> Iterator[Stream]:
    with asking(server, cookie, slug) as response:
        assert response.status == 200, response.status
        yield Stream(response)
