"""One real sandbox process for the whole run, empty before every test, with Acme and Globex as its customers."""

import pytest

from sandbox.process import running_sandbox
from tests.sandbox.caller import Caller


@pytest.fixture(scope="session")
def sandbox():
    with running_sandbox() as process:
        yield process


@pytest.fixture
def control(sandbox):
    control = sandbox.control
    control.reset()
    return control


@pytest.fixture
def acme(sandbox, control):
    control.put_account("acme", "acme's secret", unit_price_eur="2.50", limit_eur="1000")
    return Caller(sandbox, "acme", "acme's secret")


@pytest.fixture
def globex(sandbox, control):
    control.put_account("globex", "globex's secret")
    return Caller(sandbox, "globex", "globex's secret")
