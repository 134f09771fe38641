"""What a tenant names by an address is fetched from the public internet only, and little of it."""

import pytest

from portal.vendors import fetching
from portal.vendors.fetching import NotFetched, fetch
from tests.vendors.raw import raw_vendor


def answering(status: str, body: bytes = b"", *headers: str):
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return lambda connection, _request: connection.sendall(f"{head}\r\n\r\n".encode() + body)


@pytest.fixture
def near(settings):
    """Plain addresses of this machine may be fetched, as where the sandbox is used."""
    settings.VENDOR_ALLOW_INSECURE_URLS = True


def test_the_body_is_fetched_without_cookies_credentials_or_a_referrer(near):
    with raw_vendor(answering("200 OK", b"<document/>", "Content-Type: text/xml")) as there:
        fetched = fetch(f"{there.url}/script.xml?call=1")
        assert (fetched.body, fetched.content_type) == (b"<document/>", "text/xml")
        (request,) = there.requests
        assert request.startswith(b"GET /script.xml?call=1 ")
        assert not any(name in request.lower() for name in (b"cookie", b"authorization", b"referer"))


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/script.xml", "must begin with https://"),
        ("ftp://example.com/script.xml", "must begin with https://"),
        ("file:///etc/passwd", "no address of a service"),
        ("javascript:alert(1)", "no address of a service"),
        ("https://127.0.0.1/", "private network"),
        ("https://localhost/", "private network"),
        ("https://169.254.169.254/latest/meta-data/", "private network"),
        ("https://[::1]/", "private network"),
        ("https://[::ffff:10.0.0.1]/", "private network"),
        ("https://[64:ff9b::7f00:1]/", "private network"),
        ("https://0x7f.1/", "private network"),
        ("https://2130706433/", "private network"),
        ("https://database.internal/", "private network"),
        ("https://user:secret@example.com/", "Credentials"),
        ("https://example.com/#part", "after “#”"),
        ("https://example.com\\@127.0.0.1/", "no address of a service"),
        ("https://exa mple.com/", "no address of a service"),
        ("https://example.com:0/", "no address of a service"),
        ("https://", "no address of a service"),
        ("", "no address of a service"),
        (f"https://example.com/{'a' * 3_000}", "longer than 2000"),
    ],
)
def test_what_leads_elsewhere_is_refused_with_a_clear_word(url, words, settings):
    settings.VENDOR_ALLOW_INSECURE_URLS = False
    with pytest.raises(NotFetched, match=words):
        fetch(url)


def test_a_redirect_is_not_followed(near):
    with (
        raw_vendor(answering("200 OK", b"inner")) as inner,
        raw_vendor(answering("302 Found", b"", f"Location: {inner.url}/")) as there,
        pytest.raises(NotFetched, match="leads on to another one"),
    ):
        fetch(there.url)
    assert inner.requests == []


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "500 Oops"])
def test_another_status_is_told(near, status):
    with raw_vendor(answering(status)) as there, pytest.raises(NotFetched, match=f"status {status[:3]}"):
        fetch(there.url)


def test_more_than_a_megabyte_is_not_taken(near):
    def endless(connection, _request):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"a" * 65_536)

    with raw_vendor(endless) as there, pytest.raises(NotFetched, match="larger than 1000000 bytes"):
        fetch(there.url)


def test_an_answer_that_drips_is_cut_off(near, monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS", 0.3)

    def drip(connection, _request):
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"a")

    with raw_vendor(drip) as there, pytest.raises(NotFetched, match="not read to its end"):
        fetch(there.url)


def test_nobody_there_is_told(near):
    with raw_vendor(answering("200 OK")) as there:
        url = there.url
    with pytest.raises(NotFetched, match="Nothing was fetched"):
        fetch(url)
