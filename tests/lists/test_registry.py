"""No list page without its description: reads the sources, so that a new one cannot slip through."""

import ast
from pathlib import Path

from django.urls import reverse

from portal.lists import registry
from portal.local.environment import CHECKOUT
from tests.sweep.imports import project_sources

# Where pages are cut by the machinery itself.
MACHINERY = {"portal.ui.paging", "portal.lists.pages"}
# On purpose without filters, columns to sort by and CSV, each in the words of its page. A new one is put here or made a list.
NO_LISTS = {
    "portal.bulk.views": "the rows of one batch, which are downloaded as its file; and the batches themselves",
    "portal.notices.views": "a person's own notices",
    "portal.support.views": "who of support was here, and what was looked at",
    "portal.support.desk_views": "support's desk over all tenants, outside every tenant",
    "messaging.views.preflight": "the lines that one campaign leaves out, by reason; they are downloaded as their own file",
    "messaging.views.reports_health": "what was never told, batch by batch: a page that is empty when all is well",
    "messaging.views.inbound": "the handful of numbers that people write to",
}
THEIR_TEMPLATES = {
    "bulk/batch.html",
    "bulk/batches.html",
    "messaging/left_out.html",
    "messaging/numbers.html",
    "messaging/reports_health.html",
    "notices/notices.html",
    "support/visits.html",
}


def users_of(name: str) -> set[str]:
    """The modules that call `name`."""
    return {module for module, source in project_sources().items() if name in _called(source)}


def _called(source: str) -> set[str]:
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {call.id for call in calls if isinstance(call, ast.Name)}


def templates_with(text: str) -> set[str]:
    folder = CHECKOUT / "templates"
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*.html") if text in path.read_text()}


def test_pages_are_cut_by_list_page_alone():
    assert users_of("keyset_page") - MACHINERY - set(NO_LISTS) == set()


def test_the_walk_finds_who_calls():
    assert "provisioning.views.orders" in users_of("list_page")
    assert "portal.lists.pages" in users_of("keyset_page")


def test_every_page_with_pages_is_a_list():
    drawn_by_hand = templates_with("{% pagination") - {"lists/body.html", "ui/gallery.html"}
    assert drawn_by_hand - THEIR_TEMPLATES == set()


def test_every_list_has_its_page():
    for spec in registry.lists():
        assert reverse(spec.url_name, args=["acme"]).startswith("/t/acme/")
        assert spec.key.count(".") == 1
        assert len({column.name for column in spec.columns}) == len(spec.columns)
