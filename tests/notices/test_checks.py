"""manage.py check --deploy refuses a portal whose links lead nowhere."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError


def complaints(*, deployed: bool = True) -> list[str]:
    return [error.msg for error in run_checks(include_deployment_checks=deployed) if error.id == "notices.E001"]


@pytest.mark.parametrize("url", ["https://portal.example", "https://portal.example:8443"])
def test_a_public_address_is_in_order(settings, url):
    settings.VENDOR_ALLOW_INSECURE_URLS, settings.PORTAL_URL = False, url
    assert complaints() == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("", "PORTAL_URL is empty: it does not begin with https://."),
        ("http://portal.example", "does not begin with https://"),
        ("http://localhost:8000", "does not begin with https://"),
        ("https://localhost", "private network"),
        ("https://portal.internal", "private network"),
        ("https://10.0.0.8", "private network"),
        ("https://[::1]", "private network"),
        ("https://", "no address of a service"),
        ("https://sue:secret@portal.example", "Credentials do not belong"),
        ("https://portal.example/patchbay", "path or a query"),
        ("https://portal.example?a=b", "path or a query"),
    ],
)
def test_an_address_that_the_world_cannot_open_is_told_of(settings, url, words):
    settings.VENDOR_ALLOW_INSECURE_URLS, settings.PORTAL_URL = False, url
    (complaint,) = complaints()
    assert words in complaint
    assert "would lead nowhere" in complaint


def test_it_says_what_to_do_and_stops_the_check_of_a_deployment(settings):
    settings.PORTAL_URL = "http://localhost:8000"
    with pytest.raises(SystemCheckError, match=r"such as https://portal\.example"):
        call_command("check", deploy=True)


def test_only_a_deployment_is_asked(settings):
    settings.PORTAL_URL = "http://localhost:8000"
    assert complaints(deployed=False) == []


def test_beside_a_vendor_in_the_same_network_the_portal_may_lie_in_one(settings):
    settings.VENDOR_ALLOW_INSECURE_URLS, settings.PORTAL_URL = True, "https://portal.internal"
    assert complaints() == []
