"""TLS is verified, proxies are those of the settings alone."""

import pytest

from portal.vendors.errors import VendorUnavailable
from portal.vendors.http import Limits, Redactor
from tests.vendors.raw import Caller, raw_vendor, reply, replying

PROXY_VARIABLES = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]


def test_a_vendor_that_cannot_prove_its_name_is_sent_nothing(tls):
    with raw_vendor(replying(reply(201, {})), tls) as vendor:
        caller = Caller(vendor.url)
        with pytest.raises(VendorUnavailable, match=r"Nothing was sent.*self-signed"):
            caller.post("/order")
        assert vendor.requests == []
        assert "self-signed certificate" in caller.log[0].error


def test_the_environment_cannot_vouch_for_a_vendor(tls, certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with raw_vendor(replying(reply(201, {})), tls) as vendor, pytest.raises(VendorUnavailable):
        Caller(vendor.url).post("/order")


def test_a_trusted_vendor_is_called_over_tls(trusted_tls):
    with raw_vendor(replying(reply(201, {"ok": 1})), trusted_tls) as vendor:
        caller = Caller(vendor.url)
        assert caller.post("/order", json={"quantity": 1}) == {"ok": 1}
        assert caller.get("/order") == {"ok": 1}
        assert vendor.connections == 1


def test_a_vendor_that_speaks_no_tls_is_sent_nothing():
    with raw_vendor(replying(reply(201, {}))) as vendor, pytest.raises(VendorUnavailable, match="Nothing was sent"):
        Caller(vendor.url.replace("http:", "https:"), limits=Limits(read_timeout=1, connect_timeout=0.3)).post("/order")


def test_proxies_of_the_environment_are_ignored(monkeypatch):
    with raw_vendor(replying(reply(500))) as proxy, raw_vendor(replying(reply(200, {"ok": 1}))) as vendor:
        for name in PROXY_VARIABLES:
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("no_proxy", "")
        assert Caller(vendor.url).get("/order") == {"ok": 1}
        assert proxy.connections == 0


def test_the_proxy_of_the_settings_is_used():
    with raw_vendor(replying(reply(200, {"ok": 1}))) as proxy:
        caller = Caller("http://vendor.example/base", limits=Limits(proxy_url=proxy.url))
        assert caller.post("/order") == {"ok": 1}
        assert proxy.requests[0].startswith(b"POST http://vendor.example/base/order HTTP/1.1")
        assert caller.log[0].path == "/base/order"


def test_a_proxy_that_refuses_the_tunnel_was_told_nothing_of_the_call():
    secret = "proxy-pass-99"
    with raw_vendor(replying(reply(407))) as proxy:
        url = proxy.url.replace("//", f"//alice:{secret}@")
        caller = Caller("https://vendor.example", limits=Limits(proxy_url=url), redactor=Redactor())
        with pytest.raises(VendorUnavailable, match="Nothing was sent") as caught:
            caller.post("/order", json={"quantity": 7})
        assert [request.split(b" ")[0] for request in proxy.requests] == [b"CONNECT"]
        assert secret not in str(caught.value) + str(caller.log)


def test_credentials_in_a_base_url_do_not_replace_the_token():
    with raw_vendor(replying(reply(200, {}))) as vendor:
        Caller(vendor.url.replace("//", "//user:pass@")).get("/order")
    assert b"Authorization: Bearer " in vendor.requests[0]
