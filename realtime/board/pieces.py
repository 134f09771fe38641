"""A picture drawn as pieces of HTML, each under a key of its own, so that only what changed travels."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from django.template.loader import get_template
from django.utils import translation

from realtime.board.picture import Asked, CallRow, Picture, Tile
from realtime.board.rights import ALL, Rights


@dataclass(frozen=True)
class Look:
    """What makes one member's board differ from another's of the same company, beside whose telephone is whose."""

    slug: str
    language: str
    zone: tzinfo
    rights: Rights


@dataclass(frozen=True)
class Drawn:
    """`order` has the keys of each section from first to last, `pieces` the HTML of each key."""

    order: dict[str, tuple[str, ...]]
    pieces: dict[str, str]
    unread_since: datetime | None


Section = tuple[str, str, tuple[Tile, ...] | tuple[CallRow, ...] | tuple[Asked, ...]]


@dataclass
class Pen:
    """Draws one look. What has not changed since it was drawn last is not drawn again."""

    look: Look
    # Whose telephones' calls may be acted on where only one's own may; without any, the page's script decides.
    own: frozenset[int] = frozenset()
    _drawn: dict[str, tuple[Any, str]] = field(default_factory=dict)

    def draw(self, picture: Picture) -> Drawn:
        sections = _sections(picture)
        with translation.override(self.look.language):
            fresh = {key: self._piece(key, name, facts) for name, key, facts in _each(sections)}
        self._drawn = fresh
        order = {name: tuple(f"{kind}-{facts.pk}" for facts in rows) for name, kind, rows in sections}
        return Drawn(order, {key: html for key, (_, html) in fresh.items()}, picture.unread_since)

    def _piece(self, key: str, section: str, facts: Any) -> tuple[Any, str]:
        known = self._drawn.get(key)
        if known is not None and known[0] == facts:
            return known
        template = get_template(f"realtime/board/_{section}.html")
        since = getattr(facts, "since", None)
        context = {
            "it": facts,
            "key": key,
            "slug": self.look.slug,
            "rights": self.look.rights,
            "mine": self.look.rights.steer == ALL or not self.own.isdisjoint(getattr(facts, "extensions", ())),
            "clock": since.astimezone(self.look.zone).strftime("%H:%M:%S") if since else "",
        }
        return facts, template.render(context).strip()


def _sections(picture: Picture) -> list[Section]:
    return [("notes", "note", picture.notes), ("calls", "call", picture.calls), ("tiles", "tile", picture.tiles)]


def _each(sections: list[Section]) -> Iterable[tuple[str, str, Any]]:
    """(section, key, facts)"""
    for name, kind, rows in sections:
        for facts in rows:
            yield name, f"{kind}-{facts.pk}", facts
