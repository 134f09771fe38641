"""Acme's account at Apidaze, and the client that speaks to it by way of the contract's relay."""

import pytest

from portal.vendors.http import CallRecord
from sandbox.process import SandboxProcess
from telephony.client import ApidazeClient
from tests.telephony import apidaze_contract
from tests.telephony.telephone import Telephone
from tests.vendors.gateway import GatewayTokens, way_to
from tests.vendors.relay import relaying

CLIENT_ID = "acme-telephony"
SECRET = "acme's telephony secret"


def acme_tokens(sandbox: SandboxProcess) -> GatewayTokens:
    return GatewayTokens(sandbox, CLIENT_ID, SECRET)


class Line:
    """One way to the vendor: `apidaze` calls it, `log` is what the call log would keep."""

    def __init__(self, url: str, sandbox: SandboxProcess) -> None:
        self.log: list[CallRecord] = []
        self.apidaze = ApidazeClient(way_to(url, acme_tokens(sandbox), self.log))


@pytest.fixture
def account(control):
    """Acme's account at the vendor; its client id."""
    control.put_account(CLIENT_ID, SECRET)
    return CLIENT_ID


@pytest.fixture
def relay(sandbox, account):
    """Between client and vendor; the test fails when either breaks the contract."""
    with relaying(sandbox.apidaze_url, apidaze_contract) as relay:
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
