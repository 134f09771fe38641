"""Where a name leads is looked up once, and nothing of one's own network is connected to."""

import socket
import time

import pytest
import requests

from portal.vendors import network
from portal.vendors.network import InnerAddress, is_public, number_of, public_addresses
from portal.vendors.transmission import Transmission
from portal.vendors.wire import Limits, NoAnswer, transmit

PUBLIC = ["8.8.8.8", "2a00:1450:400e:800::2004", "64:ff9b::808:808", "::ffff:8.8.8.8"]
INNER = [
    "127.0.0.1", "10.0.0.1", "172.31.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "192.88.99.1", "198.18.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fd00::1", "fec0::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:0:127.0.0.1", "::127.0.0.1", "2002:7f00:1::", "2001:0:7f00:1::", "2001:db8::1", "3fff::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::808:808", "5f00::1",
]  # fmt: skip


def leads_to(monkeypatch, *addresses: str) -> None:
    """The resolver is an edge that cannot be had here: names of the internet are not known in a test."""

    def look_up(_host, port, **_asked):
        families = {address: socket.AF_INET6 if ":" in address else socket.AF_INET for address in addresses}
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for address, family in families.items()]

    monkeypatch.setattr(network.socket, "getaddrinfo", look_up)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address):
    assert is_public(number_of(address))


@pytest.mark.parametrize("address", INNER)
def test_every_spelling_of_an_inner_address_is_inner(address):
    assert not is_public(number_of(address))


def test_all_addresses_of_a_name_are_given_in_the_resolvers_order(monkeypatch):
    leads_to(monkeypatch, *PUBLIC)
    assert public_addresses("api.example.com", 443) == PUBLIC


@pytest.mark.parametrize("inner", ["127.0.0.1", "64:ff9b::7f00:1", "::ffff:10.0.0.1"])
@pytest.mark.parametrize("first", [True, False])
def test_one_inner_address_among_public_ones_refuses_the_name(monkeypatch, inner, first):
    leads_to(monkeypatch, *([inner, "8.8.8.8"] if first else ["8.8.8.8", inner]))
    with pytest.raises(InnerAddress):
        public_addresses("mixed.example.com", 443)


def test_a_name_of_the_own_network_is_not_even_connected_to():
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        outcome = called(f"http://localhost:{server.getsockname()[1]}/")
        assert outcome == NoAnswer("the name leads into a private network", sent=False)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_name_that_led_elsewhere_when_it_was_looked_at_again_gains_nothing(monkeypatch):
    """The second look-up would lead to this machine; there is none, since the socket is made by number."""
    asked = []

    def look_up(host, port, *_arguments, **_asked):
        asked.append(host)
        first = len(asked) == 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1" if first else "127.0.0.1", port))]

    monkeypatch.setattr(network.socket, "getaddrinfo", look_up)
    monkeypatch.setattr(network, "is_public", lambda number: str(number) == "192.0.2.1")
    assert isinstance(called("http://rebinding.example.com/", connect_timeout=0.1), NoAnswer)
    assert asked == ["rebinding.example.com", "192.0.2.1"]


def called(url: str, **limits):
    request = requests.Request("GET", url).prepare()
    return transmit(request, Limits(public_only=True, **limits), Transmission(deadline=time.monotonic() + 5))
