"""What is kept under a name has a name for people, in their language."""

import ast
from collections.abc import Iterator

from portal.local.environment import CHECKOUT
from portal.ui.names import NAMES

KEPT_AS = {"before", "after", "payload"}


def kept_names(source: str) -> Iterator[str]:
    """Keys of dictionaries that are recorded or promised, and what is remembered of a sending."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "remember":
            yield from (keyword.arg for keyword in node.keywords if keyword.arg)
        if name in {"record", "submit", "record_account"}:
            for keyword in node.keywords:
                if keyword.arg in KEPT_AS and isinstance(keyword.value, ast.Dict):
                    yield from (key.value for key in keyword.value.keys if isinstance(key, ast.Constant))


def test_every_name_that_the_code_keeps_is_known():
    found = {
        name: path.name
        for top in ("portal", "provisioning", "telephony", "messaging", "realtime")
        for path in (CHECKOUT / top).rglob("*.py")
        for name in kept_names(path.read_text())
    }
    assert found, "the walk sees nothing"
    assert {name: where for name, where in found.items() if name not in NAMES} == {}


def test_a_name_that_is_not_known_would_be_found():
    source = "record('x.done', row, after={'shoe_size': 1}, acting_user=None)\nwork.remember(weather='fair')"
    assert list(kept_names(source)) == ["shoe_size", "weather"]
