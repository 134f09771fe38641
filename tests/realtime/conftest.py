"""Acme's telephone system at the simulated Kwebbl, and the client that speaks to it by way of the document's relay."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from portal.vendors.http import CallRecord, Limits, Redactor, VendorHttp
from realtime.client import KwebblClient
from tests.realtime.mailbox import mailbox
from tests.realtime.relay import relaying
from tests.realtime.switchboard import Switchboard

CLIENT_ID = "acme-live"
SECRET = "acme's secret of live calls"
LIMITS = Limits(connect_timeout=2, read_timeout=5, total_timeout=10)
EVERYTHING = ["company.users", "company.dialplans", "calls.events", "calls.manage", "calls.create"]


@dataclass
class GivenToken:
    """One access token, never renewed: `renewals` counts how often that was asked for."""

    value: str
    renewals: int = 0

    def current(self) -> str:
        return self.value

    def renew(self, rejected: str) -> str:
        self.renewals += 1
        return self.value


@dataclass
class Line:
    """One way to the vendor: `kwebbl` calls it, `log` is what the call log would keep."""

    url: str
    token: GivenToken
    log: list[CallRecord] = field(default_factory=list)

    @property
    def kwebbl(self) -> KwebblClient:
        http = VendorHttp(self.url, tokens=self.token, limits=LIMITS, redactor=Redactor(), on_call=self.log.append)
        return KwebblClient(http)


@pytest.fixture
def account(control) -> str:
    """Acme's application at the vendor; its client id. Alice is an admin there, Bob and Vera are not."""
    control.put_account(CLIENT_ID, SECRET)
    return CLIENT_ID


@pytest.fixture
def granted(sandbox, control, account):
    """A line with a new grant of that user for these scopes; straight to the vendor unless told otherwise."""

    def grant(login: str = "alice", scopes: list[str] = EVERYTHING, url: str = "") -> Line:
        told = control.kwebbl_grant(account, login, list(scopes))
        return Line(url or sandbox.kwebbl_url, GivenToken(told["access_token"]))

    return grant


@pytest.fixture
def relay(sandbox, account):
    """Between client and vendor; the test fails when either breaks the document."""
    with relaying(sandbox.kwebbl_url) as relay:
        yield relay
    assert relay.complaints == []


@pytest.fixture
def kwebbl(relay, granted) -> KwebblClient:
    return granted(url=relay.url).kwebbl


@pytest.fixture
def direct(granted) -> Line:
    """Without the relay, for answers that break the document on purpose."""
    return granted()


@pytest.fixture
def box():
    """A mailbox for events."""
    with mailbox() as box:
        yield box


@pytest.fixture
def switchboard(transactional_db, cast, sandbox, quick_vendor) -> Switchboard:
    """Acme's connection, with the account at the vendor and no grant yet."""
    return Switchboard(cast.acme, sandbox)


@pytest.fixture(autouse=True)
def patient(request, settings) -> None:
    """What tests tell of happened when they were collected, and that may be a while ago."""
    if request.module.__name__ != "tests.realtime.test_unsure":
        settings.LIVE_RINGING_PATIENCE = settings.LIVE_HOLD_PATIENCE = timedelta(days=1)
