"""Acme's account at Apidaze, and the client that speaks to it by way of the contract's relay."""

import pytest

from portal.vendors.http import CallRecord, Limits, Redactor, VendorHttp, fetch_token
from sandbox.process import SandboxProcess
from telephony.client import ApidazeClient
from tests.telephony.relay import relaying
from tests.telephony.telephone import Telephone

CLIENT_ID = "acme-telephony"
SECRET = "acme's telephony secret"
LIMITS = Limits(connect_timeout=2, read_timeout=5, total_timeout=10)


class GatewayTokens:
    """Acme's tokens, asked for when needed."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self._token_url = sandbox.token_url
        self._token = ""

    def current(self) -> str:
        return self._token or self.renew("")

    def renew(self, rejected: str) -> str:
        told = fetch_token(
            self._token_url, CLIENT_ID, SECRET, limits=LIMITS, redactor=Redactor(), on_call=lambda record: None
        )
        self._token = told.value
        return self._token


class Line:
    """One way to the vendor: `apidaze` calls it, `log` is what the call log would keep."""

    def __init__(self, url: str, sandbox: SandboxProcess) -> None:
        self.log: list[CallRecord] = []
        http = VendorHttp(
            url, tokens=GatewayTokens(sandbox), limits=LIMITS, redactor=Redactor(), on_call=self.log.append
        )
        self.apidaze = ApidazeClient(http)


@pytest.fixture
def account(control):
    """Acme's account at the vendor; its client id."""
    control.put_account(CLIENT_ID, SECRET)
    return CLIENT_ID


@pytest.fixture
def relay(sandbox, account):
    """Between client and vendor; the test fails when either breaks the contract."""
    with relaying(sandbox.apidaze_url) as relay:
        yield relay
    assert relay.complaints == []


@pytest.fixture
def apidaze(relay, sandbox) -> ApidazeClient:
    return Line(relay.url, sandbox).apidaze


@pytest.fixture
def direct(sandbox, account) -> Line:
    """Without the relay, for answers that break the contract on purpose."""
    return Line(sandbox.apidaze_url, sandbox)


@pytest.fixture
def telephone(transactional_db, cast, sandbox, quick_vendor) -> Telephone:
    """Acme's connection, read once; the account has nothing in it."""
    made = Telephone(cast.acme, sandbox)
    made.sync()
    return made
