"""People at the lists of Acme, and rows in them."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from portal.lists.registry import ListSpec, list_of
from portal.tenancy.scope import tenant_scope
from tests.lists.rows import MAKERS


@pytest.fixture
def fill(cast) -> Callable[..., None]:
    """Put `number` rows into a list of Acme (or of another company)."""

    def fill(key: str, number: int, tenant=None) -> None:
        tenant = tenant or cast.acme
        with tenant_scope(tenant.pk):
            MAKERS[key](tenant, cast.alice, number)

    return fill


@pytest.fixture
def as_person(cast) -> Callable[[str], Client]:
    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(getattr(cast, name))
        return client

    return sign_in


@pytest.fixture
def alice(as_person) -> Client:
    return as_person("alice")


def spec_of(key: str) -> ListSpec:
    found = list_of(key)
    assert found is not None, key
    return found


def page_url(key: str, **query) -> str:
    return reverse(spec_of(key).url_name, args=["acme"]) + (f"?{urlencode(query)}" if query else "")


def url(name: str, *args, **query) -> str:
    return reverse(f"lists:{name}", args=["acme", *args]) + (f"?{urlencode(query)}" if query else "")
