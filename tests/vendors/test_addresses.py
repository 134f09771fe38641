"""Where credentials may be sent: to the vendor, and never into the portal's own network."""

import pytest
from django.core.exceptions import ValidationError

from portal.vendors.addresses import check_base_url, check_token_url


@pytest.fixture(autouse=True)
def _production(settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = False


def code_of(check, url: str) -> str:
    with pytest.raises(ValidationError) as refused:
        check(url)
    return refused.value.code


@pytest.mark.parametrize(
    "url",
    [
        "https://api-prd.kpn.com/communication/kandy/provisioning",
        "https://api-prd.kpn.com:8443/",
        "https://8.8.8.8/",
        "https://[2606:4700:4700::1111]/",
        "https://api.bücher.example.nl/",
    ],
)
def test_a_vendors_address_is_taken(url):
    check_base_url(url)
    check_token_url(url)


def test_a_token_address_may_carry_its_grant(settings):
    check_token_url("https://api-prd.kpn.com/oauth/accesstoken?grant_type=client_credentials")


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://api-prd.kpn.com/", "scheme"),
        ("ftp://api-prd.kpn.com/", "scheme"),
        ("javascript://api-prd.kpn.com/", "scheme"),
        ("https://alice:s3cret@api-prd.kpn.com/", "credentials"),
        ("https://alice@api-prd.kpn.com/", "credentials"),
        ("https://@api-prd.kpn.com/", "credentials"),
        ("https://api-prd.kpn.com/#part", "fragment"),
        ("https://api-prd.kpn.com/?x=1", "query"),
        ("https:///path", "invalid"),
        ("https://api-prd.kpn.com:99999/", "invalid"),
        ("https://api-prd.kpn.com:0/", "invalid"),
        ("https://api prd.kpn.com/", "invalid"),
        ("https://api.kpn.com\\@evil.example.nl/", "invalid"),
        ("https://[::1", "invalid"),
        ("https://-bad-.example.nl/", "invalid"),
        ("", "invalid"),
    ],
)
def test_what_is_no_vendors_address_is_refused(url, code):
    assert code_of(check_base_url, url) == code


@pytest.mark.parametrize("query", ["client_secret=x", "access_token=x", "client_id=x", "apikey=x"])
def test_credentials_do_not_belong_into_a_token_address(query):
    assert code_of(check_token_url, f"https://api-prd.kpn.com/token?{query}") == "credentials"


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "portal.localhost",
        "LOCALHOST.",
        "db",
        "router.lan",
        "metadata.google.internal",
        "printer.local",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:127.0.0.1]",
        "[2002:7f00:1::]",
    ],
)
def test_the_portals_own_network_is_refused(host):
    assert code_of(check_base_url, f"https://{host}/") == "private"


def test_the_sandbox_may_be_plain_and_near_when_that_is_allowed(settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = True
    check_base_url("http://127.0.0.1:8900/communication/kandy/provisioning")
    assert code_of(check_base_url, "http://user:pass@127.0.0.1/") == "credentials"
