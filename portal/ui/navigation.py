"""The sidebar: each app registers its entries once, in `AppConfig.ready`."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.core.checks import Error
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from portal.ui.badges import Waiting, capped, waiting_rows

Label = Any  # a string or a lazy translation


@dataclass(frozen=True)
class NavItem:
    """An entry of the sidebar of every tenant page.

    `url_name` takes the tenant's slug as its only argument. `role` is the weakest role that sees the entry, None for
    every member. `section` is the heading it stands under, "" for the group without one. `waiting` gives the rows that
    wait there for somebody; the entry's badge counts them (`portal.ui.badges`). `key` is the letter that leads there after
    "g"; few entries have one, and no two the same. `also` names pages elsewhere that mark the entry, with all that
    is below them.
    """

    label: Label
    url_name: str
    icon: str
    role: Any = None
    order: int = 100
    section: Label = ""
    waiting: Waiting | None = None
    key: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class NavLink:
    """An entry as one request sees it."""

    label: Label
    url: str
    icon: str
    current: bool
    badge: str = ""
    key: str = ""


@dataclass(frozen=True)
class NavSection:
    label: Label
    links: list[NavLink]


_items: dict[str, NavItem] = {}


def register(item: NavItem) -> None:
    """Add an entry; registering the same `url_name` again replaces it."""
    _items[item.url_name] = item


def registered() -> list[NavItem]:
    """All entries: sections in the order of their first entry, entries by `order` within them."""
    first: dict[str, int] = {}
    for item in _items.values():
        section = str(item.section)
        first[section] = min(item.order, first.get(section, item.order))
    return sorted(_items.values(), key=lambda item: (first[str(item.section)], str(item.section), item.order))


def sections(
    slug: str, path: str, allows: Callable[[Any], bool], request: HttpRequest | None = None
) -> list[NavSection]:
    """The sidebar of tenant `slug` for one who is allowed what `allows(role)` says; `path` marks the current entry.

    Without a `request` entries have no badges.
    """
    visible = [item for item in registered() if item.role is None or allows(item.role)]
    urls = {item.url_name: reverse(item.url_name, args=[slug]) for item in visible}
    places = {url: item.url_name for item in visible for url in _places(item, slug)}
    current = places.get(_deepest(list(places), path) or "")
    return [
        NavSection(label, [_link(item, urls[item.url_name], item.url_name == current, request) for item in group])
        for label, group in groupby(visible, key=lambda item: item.section)
    ]


def _link(item: NavItem, url: str, current: bool, request: HttpRequest | None) -> NavLink:
    badge = badge_of(request, item.url_name) if request else ""
    return NavLink(item.label, url, item.icon, current, badge, item.key)


def _places(item: NavItem, slug: str) -> list[str]:
    """The addresses at and below which `item` is the current entry."""
    return [reverse(name, args=[slug]) for name in (item.url_name, *item.also)]


def badge_of(request: HttpRequest, url_name: str) -> str:
    """ "3", "99+", or "" for nothing. The first one asked for costs the query that answers all of them."""
    return capped(len(waiting_behind(request).get(url_name, [])))


def waiting_behind(request: HttpRequest, **also: Waiting) -> dict[str, list[int]]:
    """The keys of the rows that wait behind each entry, and behind each name of `also`; all by one query a request."""
    waiting = {item.url_name: item.waiting for item in _items.values() if item.waiting}
    return waiting_rows(request, waiting | also)


def _deepest(urls: list[str], path: str) -> str | None:
    """The longest of `urls` that `path` begins with: a detail page marks its list, not the dashboard."""
    return max((url for url in urls if path.startswith(url)), key=len, default=None)


def check_entries(**_kwargs: Any) -> list[Error]:
    """System check: every entry leads somewhere, and every key to one entry."""
    lost = [name for item in registered() for name in (item.url_name, *item.also) if not _resolves(name)]
    keys = [item.key for item in registered() if item.key]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    return [
        *(Error(f"The sidebar's entry {name!r} has no address that takes a slug.", id="ui.E001") for name in lost),
        *(Error(f"The key {key!r} leads to several entries of the sidebar.", id="ui.E002") for key in twice),
    ]


def _resolves(url_name: str) -> bool:
    try:
        reverse(url_name, args=["acme"])
    except NoReverseMatch:
        return False
    return True
