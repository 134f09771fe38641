"""What a person of a tenant finds: pages of the portal by name, and rows by their words, in groups."""

from dataclasses import dataclass
from typing import Any

from django.db.models import F, Value
from django.db.models.functions import JSONObject
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from portal.search.finding import best, terms_of
from portal.search.folding import fold
from portal.search.registry import Label, SearchKind, jumps, kinds
from portal.tenancy.models import Membership
from portal.ui import navigation

MOST_SHOWN = 8


@dataclass(frozen=True)
class Hit:
    """One line of the results."""

    title: Label
    detail: Label
    status: Label
    url: str


@dataclass(frozen=True)
class Group:
    """Hits of one kind. `more_url` leads to all of them, "" where these are all, or where no list shows them."""

    name: str
    label: Label
    icon: str
    hits: list[Hit]
    more_url: str = ""


def results(membership: Membership, text: str, most: int = MOST_SHOWN) -> list[Group]:
    """What `text` finds for a member, in groups of `most` hits; with two queries."""
    links = [
        *(Hit(jump.title, jump.detail, "", jump.url) for jump in jumps(membership, text)),
        *pages(membership, text),
    ]
    return [*([Group("pages", _("Pages"), "list", links)] if links else []), *_found_rows(membership, text, most)]


def _found_rows(membership: Membership, text: str, most: int) -> list[Group]:
    open_kinds = [kind for kind in kinds() if membership.allows(kind.role)]
    ids = best(membership.tenant_id, [kind.name for kind in open_kinds], text, most + 1)
    rows = _rows([kind for kind in open_kinds if kind.name in ids], membership.tenant_id, ids, most)
    slug = membership.tenant.slug
    return [
        Group(kind.name, kind.label, kind.icon, hits, _more(kind, slug, text) if len(ids[kind.name]) > most else "")
        for kind in open_kinds
        if (hits := [_hit(kind, slug, pk, rows) for pk in ids.get(kind.name, [])[:most] if (kind.name, pk) in rows])
    ]


def pages(membership: Membership, text: str) -> list[Hit]:
    """Pages of the sidebar: each word of `text` is the beginning of a word of their name or section."""
    terms = terms_of(text)
    sections = navigation.sections(membership.tenant.slug, "", membership.allows)
    return [
        Hit(link.label, section.label, "", link.url)
        for section in sections
        for link in section.links
        if terms and _fits(f"{section.label} {link.label}", terms)
    ]


def _fits(label: str, terms: list[str]) -> bool:
    words = f" {fold(label)}"
    return all(f" {term}" in words for term in terms)


def _rows(
    found: list[SearchKind], tenant_id: int, ids: dict[str, list[int]], most: int
) -> dict[tuple[str, int], dict[str, Any]]:
    """The rows of all kinds in one query."""
    parts = [
        kind.model._default_manager.filter(tenant_id=tenant_id, pk__in=ids[kind.name][:most])
        .annotate(found_kind=Value(kind.name), found_values=JSONObject(**kind.values))
        .order_by()
        .values_list("found_kind", F("pk"), "found_values")
        for kind in found
    ]
    if not parts:
        return {}
    rows = parts[0].union(*parts[1:], all=True) if parts[1:] else parts[0]
    return {(kind, pk): values for kind, pk, values in rows}


def _hit(kind: SearchKind, slug: str, pk: int, rows: dict[tuple[str, int], dict[str, Any]]) -> Hit:
    shown = kind.describe(rows[kind.name, pk])
    return Hit(shown.title, shown.detail, shown.status, kind.url(slug, shown.pk or pk))


def _more(kind: SearchKind, slug: str, text: str) -> str:
    if not kind.list_name:
        return ""
    return f"{reverse(kind.list_name, args=[slug])}?{urlencode({'q': text, **kind.list_filters})}"
