"""Every act that the code can record has a label: found by walking the syntax trees, so a new one cannot slip through."""

import ast
import re
from collections.abc import Iterator

import pytest
from django.apps import apps

from portal.audit.labels import label_of, labelled, labelled_in_tenants
from portal.local.environment import CHECKOUT
from portal.operations.models import Decision
from provisioning.models import Drift

RECORDERS = {"record", "record_account", "record_many"}
ACT = re.compile(
    r"(account|staff|support|tenancy|vendors|operations|provisioning|telephony|messaging|realtime|lists|bulk|notices|billing)\.[a-z_]+"
)
# The name of a model reads like an act, too.
MODELS = {model._meta.label_lower for model in apps.get_models()}
# What is put together when it is recorded, with * for what is put in.
PUT_TOGETHER = {
    "operations.*": ["refused", "cancelled"],
    "operations.*_decided": Decision.Action.values,
    "telephony.difference_*": [Drift.State.ADOPTED.value, Drift.State.REPAIRED.value],
    "provisioning.difference_*": [Drift.State.ADOPTED.value, Drift.State.REPAIRED.value],
}


def modules() -> Iterator[ast.Module]:
    """Those that record acts."""
    for package in ("portal", "provisioning", "telephony", "messaging", "realtime"):
        for path in sorted((CHECKOUT / package).rglob("*.py")):
            tree = ast.parse(path.read_text())
            if any(called(node) in RECORDERS for node in ast.walk(tree)):
                yield tree


def called(node: ast.AST) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""


def kind_or_piece(node: ast.AST) -> list[ast.expr]:
    """The name of a kind of operations reads like an act and is none; a piece of an f-string is not the whole."""
    if isinstance(node, ast.JoinedStr):
        return node.values
    return node.args if isinstance(node, ast.Call) and called(node) == "Kind" else []


def acts_in(tree: ast.Module) -> Iterator[str]:
    """Every text that reads like an act, wherever it stands: many are handed on before they are recorded."""
    passed_over = {id(part) for node in ast.walk(tree) for part in kind_or_piece(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            pattern = "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in node.values)
            if ACT.match(pattern.replace("*", "x")):
                yield from (pattern.replace("*", word) for word in PUT_TOGETHER[pattern])
        elif isinstance(node, ast.Constant) and id(node) not in passed_over and _names_an_act(str(node.value)):
            yield node.value


def _names_an_act(text: str) -> bool:
    return bool(ACT.fullmatch(text)) and text not in MODELS


def recorded() -> set[str]:
    return {act for tree in modules() for act in acts_in(tree)}


@pytest.mark.parametrize("act", sorted(recorded()))
def test_an_act_has_a_label(act):
    assert act in dict(labelled())


def test_the_walk_finds_acts_of_every_sort():
    """Without this control an empty walk would pass."""
    assert {
        "account.signed_in",
        "account.password_refused",
        "staff.viewed",
        "tenancy.tenant_suspended",
        "vendors.connection_added",
        "operations.refused",
        "operations.give_up_decided",
        "provisioning.difference_adopted",
        "provisioning.order_changed",
    } <= recorded()


def test_the_walk_finds_an_act_in_an_fstring_and_no_kind():
    tree = ast.parse('record(f"operations.{status.value}", x)\nORDER = Kind("provisioning.order_products")')
    assert list(acts_in(tree)) == ["operations.refused", "operations.cancelled"]


def test_no_label_stands_for_an_act_that_nobody_records():
    assert set(dict(labelled())) - recorded() == set()


def test_a_tenant_is_not_offered_acts_that_it_cannot_have():
    offered = dict(labelled_in_tenants())
    assert "operations.asked" in offered
    assert not {"account.signed_in", "staff.viewed"} & set(offered)


def test_an_unknown_act_shows_its_bare_name():
    assert label_of("somewhere.something_done") == "somewhere.something_done"
