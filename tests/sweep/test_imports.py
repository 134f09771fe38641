"""Imports point one way: walks the syntax trees of the whole project."""

import pytest

from tests.sweep.imports import (
    KNOWS_NO_DJANGO,
    RULES,
    imports_of,
    project_sources,
    reached_from,
    top,
    yielding_in_scope,
)

SOURCES = project_sources()


# Each product is held still while its differences are looked at.
HELD_WHILE_LOOKED_AT = {"provisioning.rollup.verify"}


def test_nobody_is_handed_rows_inside_a_scope():
    """Whoever works through a generator that yields in a transaction works in that transaction, with that scope."""
    found = {f"{module}.{name}" for module, source in SOURCES.items() for name in yielding_in_scope(source)}
    assert found - HELD_WHILE_LOOKED_AT == set()


def test_a_generator_that_yields_inside_a_scope_is_found():
    source = "def due():\n    with staff_scope():\n        yield from rows()"
    assert list(yielding_in_scope(source)) == ["due"]
    assert list(yielding_in_scope("@contextmanager\n" + source)) == []
    assert list(yielding_in_scope(source.replace("yield from", "found ="))) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(rule):
    broken = [line for module, source in SOURCES.items() for line in rule(module, imports_of(module, source))]
    assert broken == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("portal.operations.engine", "import provisioning.operations"),
        ("portal.operations.engine", "def late():\n    from provisioning import models"),
        ("portal.vendors.line", "from importlib import import_module\nimport_module('provisioning.client')"),
        ("provisioning.sync", "from telephony.models import SipAccount"),
        ("provisioning.sync", "import sandbox.truth"),
        ("portal.local.stack", "from sandbox import app"),
        ("sandbox.kandy", "from portal.vendors.errors import VendorError"),
        ("sandbox.kandy", "from provisioning import client"),
        ("provisioning.client", "from django.utils import timezone"),
        ("provisioning.client", "from .models import Order"),
        ("portal.vendors.http", "from django.conf import settings"),
        ("portal.vendors.errors", "import django"),
        ("provisioning.models", "from provisioning.client import KandyClient"),
        ("provisioning.models", "from provisioning import sync"),
        ("provisioning.sync", "from . import operations"),
        ("provisioning.operations", "from provisioning.views import orders"),
        ("provisioning.operations", "from provisioning import tasks"),
        ("provisioning.sync", "from provisioning.views.orders import orders"),
    ],
)
def test_a_module_that_breaks_a_rule_is_found(module, source):
    assert any(list(rule(module, imports_of(module, source))) for rule in RULES)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "provisioning.operations",
            "from provisioning import client, models, sync\nfrom portal.operations import promises",
        ),
        ("provisioning.views", "from provisioning.forms import OrderForm\nfrom provisioning.operations import order"),
        ("provisioning.urls", "from provisioning import views"),
        ("provisioning.client", "from portal.vendors.http import VendorHttp"),
        ("portal.urls", "from provisioning import urls"),
    ],
)
def test_what_is_allowed_is_not_found(module, source):
    assert not any(list(rule(module, imports_of(module, source))) for rule in RULES)


@pytest.mark.parametrize("module", sorted(KNOWS_NO_DJANGO & set(SOURCES)))
def test_a_client_reaches_no_django_by_way_of_others(module):
    reached = reached_from(module, SOURCES)
    assert "django" not in {top(name) for name in reached}


def test_the_walk_sees_the_project():
    assert {"portal.tenancy.scope", "portal.vendors.http", "provisioning.client", "sandbox.kandy"} <= set(SOURCES)
