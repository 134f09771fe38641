"""A tenant's first page: is everything all right, what must I do, what does it cost.

Each app registers what it knows, in `AppConfig.ready`. All that is registered together keeps the page within its queries:
what an app has read for one answer it keeps on the request for the others.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from portal.ui.charges import bill_of
from portal.ui.first_steps import guide_of

GRAVITY = {"danger": 0, "warning": 1, "info": 2}
# So many reasons fit beside the answer; the list of what to do has all of them.
REASONS_SHOWN = 4


@dataclass(frozen=True)
class Matter:
    """Something that is not as it should be (danger, warning), or that only waits to be done (info).

    `text` is a whole sentence. `url` leads to the page that solves it and `act` says what is done there; "" where the portal
    sees to it by itself. `role` is the weakest role that may do it, None for every member.
    """

    tone: str
    text: str
    url: str
    act: str = ""
    role: Any = None


# Called with the request of a member inside the tenant's scope. One query each, at most.
MatterSource = Callable[[HttpRequest], Iterable[Matter]]
# Gives a template and its context, or None to stay away.
CardMaker = Callable[[HttpRequest], tuple[str, Mapping[str, Any]] | None]


@dataclass(frozen=True)
class HomeCard:
    """A card below the answers: a template, drawn with the context processors' names (`tenant`, …) and its own."""

    key: str
    make: CardMaker
    order: int = 100


@dataclass(frozen=True)
class Standing:
    """Is everything all right? `tone` is success, warning or danger, and neutral while there is nothing to go wrong yet."""

    tone: str
    reasons: list[Matter]

    @property
    def shown(self) -> list[Matter]:
        return self.reasons[:REASONS_SHOWN]

    @property
    def unshown(self) -> int:
        return len(self.reasons[REASONS_SHOWN:])


_cards: dict[str, HomeCard] = {}
_sources: dict[str, tuple[int, MatterSource]] = {}


def register(card: HomeCard) -> None:
    """Add a card; registering the same `key` again replaces it. Orders as in the sidebar (`navigation.NavItem`)."""
    _cards[card.key] = card


def register_matters(key: str, source: MatterSource, order: int = 100) -> None:
    """Add what an app finds wrong or undone; of equally grave matters those of the lowest `order` come first."""
    _sources[key] = (order, source)


def home_of(request: HttpRequest) -> dict[str, Any]:
    """What the first page shows to the member who asks for it."""
    matters, guide = matters_of(request), guide_of(request)
    empty = guide is not None and guide.nothing_done
    membership = request.membership  # type: ignore[attr-defined]
    return {
        "standing": standing_of(matters, empty=empty),
        "todo": [matter for matter in matters if matter.act and _may(membership, matter)],
        "bill": bill_of(request),
        "guide": guide,
        "cards": cards_for(request),
        # Who is here for the money sees it first.
        "money_first": membership.role == "billing",
    }


def matters_of(request: HttpRequest) -> list[Matter]:
    """What every app has to say, the gravest first."""
    ordered = sorted(_sources.items(), key=lambda entry: (entry[1][0], entry[0]))
    found = [matter for _key, (_order, source) in ordered for matter in source(request)]
    return sorted(found, key=lambda matter: GRAVITY[matter.tone])


def standing_of(matters: list[Matter], *, empty: bool = False) -> Standing:
    """The answer in one word, and why; `empty` where nothing has been begun."""
    reasons = [matter for matter in matters if matter.tone != "info"]
    if reasons:
        return Standing(reasons[0].tone, reasons)
    return Standing("neutral" if empty else "success", [])


def cards_for(request: HttpRequest) -> list[SafeString]:
    """The cards as this request sees them, drawn, in their order."""
    chosen = sorted(_cards.values(), key=lambda card: (card.order, card.key))
    made = [card.make(request) for card in chosen]
    return [render_to_string(template, dict(context), request) for template, context in filter(None, made)]


def _may(membership: Any, matter: Matter) -> bool:
    return matter.role is None or membership.allows(matter.role)
