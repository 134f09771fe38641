"""Two companies full of samples, and a way to knock at every door without leaving a trace.

Made once for each file and taken back at its end: the sweep sends thousands of requests.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from portal.tenancy.scope import staff_scope, tenant_scope
from tests.fixtures.cast import Cast, make_cast, sign_in_with_second_factor
from tests.sweep.addresses import all_samples
from tests.sweep.standing import Standing, standing_portal


@dataclass
class World:
    """The cast, and what each address takes besides the slug, in Acme and in Globex."""

    cast: Cast
    acme: dict[str, dict[str, Any]]
    globex: dict[str, dict[str, Any]]
    clients: dict[int | None, Client] = field(default_factory=dict)


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        with staff_scope():
            cast = make_cast()
        with tenant_scope(cast.acme.pk):
            acme = all_samples(cast.acme, cast.alice)
        with tenant_scope(cast.globex.pk):
            globex = all_samples(cast.globex, cast.charlie)
        yield World(cast, acme, globex)
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def standing(django_db_setup, django_db_blocker, browser) -> Iterator[Standing]:
    """The portal as in production, for browsers."""
    with django_db_blocker.unblock(), standing_portal(browser) as portal:
        yield portal


@pytest.fixture
def people(world) -> Cast:
    return world.cast


@pytest.fixture
def knock(world) -> Callable[..., HttpResponse]:
    """Send a request as `person` (None: nobody) and take back what it changed. An exception in a page fails the test.

    `first` is done before it, and taken back with it.
    """

    def knock(person: Any, method: str, url: str, *, first: Callable[[], Any] = lambda: None) -> HttpResponse:
        client = _client_of(world, person)
        cookies = client.cookies.copy()
        with transaction.atomic():
            first()
            response = client.generic(method, url)
            transaction.set_rollback(True)
        client.cookies = cookies
        return response

    return knock


def _client_of(world: World, person: Any) -> Client:
    key = person and person.pk
    if key not in world.clients:
        world.clients[key] = Client()
        if person is not None:
            sign_in_with_second_factor(world.clients[key], person)
    return world.clients[key]
