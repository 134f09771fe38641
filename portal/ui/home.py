"""The cards of a tenant's first page: each app registers what it has to say there, in `AppConfig.ready`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

# Called with the request of a member inside the tenant's scope. Gives a template and its context, or None to stay away.
CardMaker = Callable[[HttpRequest], tuple[str, Mapping[str, Any]] | None]


@dataclass(frozen=True)
class HomeCard:
    """One card: a template, drawn with the context processors' names (`tenant`, …) and its own. At most one query.

    A `banner` stands above the others, over the whole width.
    """

    key: str
    make: CardMaker
    order: int = 100
    banner: bool = False


_cards: dict[str, HomeCard] = {}


def register(card: HomeCard) -> None:
    """Add a card; registering the same `key` again replaces it. Orders as in the sidebar (`navigation.NavItem`)."""
    _cards[card.key] = card


def cards_for(request: HttpRequest) -> list[SafeString]:
    """The cards as this request sees them, drawn, in their order."""
    return _drawn(request, banner=False)


def banners_for(request: HttpRequest) -> list[SafeString]:
    """What stands above the cards."""
    return _drawn(request, banner=True)


def _drawn(request: HttpRequest, *, banner: bool) -> list[SafeString]:
    chosen = sorted(
        (card for card in _cards.values() if card.banner == banner), key=lambda card: (card.order, card.key)
    )
    made = [card.make(request) for card in chosen]
    return [render_to_string(template, dict(context), request) for template, context in filter(None, made)]
