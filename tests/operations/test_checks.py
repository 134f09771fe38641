"""manage.py check refuses times under which nothing could be sent, or a thing could be done twice."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from portal.operations import checks
from tests.drill.test_drill import TIMES


def complaints() -> list[tuple[str, str]]:
    return [(error.id, error.msg) for error in run_checks() if error.id.startswith("operations.")]


def test_the_defaults_are_in_order():
    assert complaints() == []


def test_the_short_times_of_tests_are_in_order(quick_vendor):
    assert complaints() == []


def test_the_short_times_of_the_drill_are_in_order(settings):
    for name in (*checks.POSITIVE, *checks.NOT_NEGATIVE, "OPERATION_LEASE_SECONDS"):
        if name in TIMES:
            setattr(settings, name, float(TIMES[name]))
    assert complaints() == []


@pytest.mark.parametrize("lease", [30, 29.5])
def test_a_lease_that_no_call_fits_into_stops_the_start(settings, lease):
    settings.OPERATION_LEASE_SECONDS = lease
    [(number, sentence)] = complaints()
    assert number == "operations.E003"
    assert f"OPERATION_LEASE_SECONDS ({lease:g} s) must be longer than VENDOR_TOTAL_TIMEOUT (30 s)" in sentence
    with pytest.raises(SystemCheckError, match="nothing would be sent"):
        call_command("check")


@pytest.mark.parametrize("name", ["VENDOR_CONNECT_TIMEOUT", "VENDOR_READ_TIMEOUT"])
def test_a_part_of_a_call_is_no_longer_than_the_whole(settings, name):
    setattr(settings, name, settings.VENDOR_TOTAL_TIMEOUT + 1)
    [(number, sentence)] = complaints()
    assert number == "operations.E002"
    assert sentence.startswith(f"{name} (31 s) is longer than VENDOR_TOTAL_TIMEOUT (30 s)")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("OPERATION_BACKOFF_SECONDS", 0, "must be more than 0"),
        ("SWEEP_SECONDS", -1, "must be more than 0"),
        ("OPERATION_SETTLE_SECONDS", -1, "must not be negative"),
    ],
)
def test_senseless_times_are_named(settings, name, value, words):
    setattr(settings, name, value)
    assert complaints() == [("operations.E001", f"{name} is {value}; it {words}.")]
