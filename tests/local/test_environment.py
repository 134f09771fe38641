"""Every part can be replaced by a variable, and every variable is documented."""

import ast
import stat
from itertools import pairwise

import pytest

from portal.local import environment
from portal.local.embedded import Place
from portal.local.environment import (
    CHECKOUT,
    EXAMPLE,
    VENDOR_URLS,
    Kept,
    Plan,
    documented_variables,
    given_environment,
)

# What a program sets for its own children, or the test run for its workers, is nobody's configuration.
NOT_CONFIGURATION = {
    "DJANGO_SETTINGS_MODULE",
    "PATCHBAY_REQUIRE_BROWSER",
    "PATCHBAY_TEST_PLACE",
    "PYTEST_XDIST_WORKER",
}
READERS = [CHECKOUT / "portal" / "settings.py", CHECKOUT / "portal" / "asgi.py"]


def variables_read() -> set[str]:
    """Names asked of `env.…("NAME")`, `….get("NAME")`, `…["NAME"]` and `"NAME" in …given`."""
    names = set()
    for file in [*READERS, *(CHECKOUT / "portal" / "local").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text())):
            names |= set(_names_in(node))
    return names - NOT_CONFIGURATION


def _names_in(node: ast.AST):
    asked = []
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
        owner = ast.unparse(node.func.value)
        if owner == "env" or (node.func.attr == "get" and owner.endswith(("environ", "given"))):
            asked = node.args[:1]
    elif isinstance(node, ast.Compare | ast.BinOp) and "self.given" in ast.unparse(node):
        asked = list(ast.walk(node.left))
    return [leaf.value for leaf in asked if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)]


def test_the_example_names_exactly_the_variables_that_are_read():
    assert {"DATABASE_URL", "WEB_THREADS", "PORT"} <= variables_read()
    assert set(documented_variables()) == variables_read()


def test_each_variable_of_the_example_has_one_line_that_explains_it():
    lines = EXAMPLE.read_text().splitlines()
    for before, line in pairwise(lines):
        if "=" in line and line.startswith("#") and not line.startswith("# "):
            assert before.startswith("# "), line


@pytest.fixture
def plan(tmp_path):
    return lambda **given: Plan(Place(tmp_path), given)


def test_with_nothing_given_everything_is_embedded(plan):
    embedded = plan()
    assert embedded.postgres
    assert embedded.valkey
    assert embedded.has_sandbox
    environment_of_all = embedded.environment()
    assert all(environment_of_all[name].startswith(embedded.sandbox_url) for name in VENDOR_URLS)


def test_a_given_database_replaces_the_embedded_one(plan):
    given = plan(DATABASE_URL="postgres://portal_app@db/portal", DATABASE_OWNER_URL="postgres://portal_owner@db/portal")
    assert given.postgres is None
    assert given.environment()["DATABASE_URL"] == "postgres://portal_app@db/portal"
    assert given.owner_environment()["DATABASE_URL"] == "postgres://portal_owner@db/portal"


def test_valkey_is_embedded_until_both_its_jobs_are_given_away(plan):
    half = plan(BROKER_URL="redis://mq")
    assert half.valkey
    assert half.environment()["BROKER_URL"] == "redis://mq"
    assert half.environment()["CACHE_URL"] == half.valkey.cache_url()
    assert plan(BROKER_URL="redis://mq", CACHE_URL="redis://cache").valkey is None


@pytest.mark.parametrize("name", sorted(VENDOR_URLS))
def test_beside_a_real_vendor_there_is_no_sandbox(plan, name):
    given = plan(**{name: "https://vendor.example"})
    assert not given.has_sandbox
    assert not (VENDOR_URLS - {name}) & given.environment().keys()


def test_only_the_sandbox_and_its_commanders_know_its_token(plan):
    assert "SANDBOX_CONTROL_TOKEN" in plan().sandbox_environment()
    assert "SANDBOX_CONTROL_TOKEN" not in plan().environment()


def test_secrets_are_made_once_and_for_the_owner_alone(tmp_path):
    first, second = Kept.in_place(Place(tmp_path)), Kept.in_place(Place(tmp_path))
    assert first == second
    assert stat.S_IMODE((tmp_path / "kept.json").stat().st_mode) == 0o600


def test_the_environment_wins_over_the_file_and_empty_means_not_given(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("BROKER_URL=redis://file\nCACHE_URL=redis://file\nDATABASE_URL=\n")
    monkeypatch.setattr(environment, "CHECKOUT", tmp_path)
    monkeypatch.setenv("BROKER_URL", "redis://environment")
    monkeypatch.setenv("CACHE_URL", "")
    monkeypatch.delenv("DATABASE_URL")
    given = given_environment()
    assert (given["BROKER_URL"], given["CACHE_URL"]) == ("redis://environment", "redis://file")
    assert "DATABASE_URL" not in given
