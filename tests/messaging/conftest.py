"""Acme's SMS account at the vendor, and the clients that speak to it by way of the contract's relay."""

import pytest

from messaging.client import KpnSmsClient, SigningKeyClient
from portal.vendors.http import CallRecord, Redactor
from sandbox.process import SandboxProcess
from tests.messaging import kpn_contract
from tests.messaging.dispatch import Dispatch
from tests.messaging.mailroom import Mailroom
from tests.messaging.press import Press
from tests.vendors.gateway import GatewayTokens, way_to
from tests.vendors.relay import relaying

CLIENT_ID = "acme-messaging"
SECRET = "acme's messaging secret"


@pytest.fixture
def mailroom(transactional_db, cast, sandbox, quick_vendor) -> Mailroom:
    return Mailroom(cast.acme, sandbox)


def acme_tokens(sandbox: SandboxProcess) -> GatewayTokens:
    return GatewayTokens(sandbox, CLIENT_ID, SECRET)


class Line:
    """One way to the vendor's two APIs; `log` is what the call log would keep."""

    def __init__(self, sms_url: str, keys_url: str, tokens: GatewayTokens) -> None:
        self.log: list[CallRecord] = []
        redactor = Redactor(personal=True)
        self.sms = KpnSmsClient(way_to(sms_url, tokens, self.log, redactor=redactor))
        self._keys_http = way_to(keys_url, tokens, self.log, redactor=redactor)

    def keys(self, level: str = "applications") -> SigningKeyClient:
        return SigningKeyClient(self._keys_http, level)


@pytest.fixture
def account(control):
    """Acme's account at the vendor, told of by hand alone; its client id."""
    control.put_account(CLIENT_ID, SECRET)
    control.sms_settings(CLIENT_ID, mode="manual")
    return CLIENT_ID


@pytest.fixture
def relays(sandbox, account):
    """Between client and vendor, one for each API; the test fails when either side breaks the contract."""
    with relaying(sandbox.sms_url, kpn_contract) as sms, relaying(sandbox.keys_url, kpn_contract) as keys:
        yield sms, keys
    assert sms.complaints == keys.complaints == []


@pytest.fixture
def line(relays, sandbox) -> Line:
    sms, keys = relays
    return Line(sms.url, keys.url, acme_tokens(sandbox))


@pytest.fixture
def direct(sandbox, account) -> Line:
    """Without the relays, for answers that break the contract on purpose."""
    return Line(sandbox.sms_url, sandbox.keys_url, acme_tokens(sandbox))


@pytest.fixture
def press(mailroom, cast, client) -> Press:
    """Bob at Acme's campaigns."""
    client.force_login(cast.bob)
    return Press(mailroom, client)


@pytest.fixture
def dispatch(mailroom, cast) -> Dispatch:
    """Bob's desk at Acme: campaigns planned, released, and sent when told to."""
    return Dispatch(mailroom, cast.bob)
