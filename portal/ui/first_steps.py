"""The way of a new tenant to its first use of the portal: a checklist whose every tick is read from what is there.

Each app registers its steps in `AppConfig.ready`; a later vendor's steps stand beside those of the others.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest


@dataclass(frozen=True)
class Step:
    """One thing to do once. `act` is its button and `url` where that leads; `role` is the weakest role that may do it.

    `done` stays true for good: what was made and taken away again was still made once.
    """

    title: str
    text: str
    done: bool
    act: str
    url: str
    role: Any = None


@dataclass(frozen=True)
class Guide:
    """The steps in their order; `next` is the first one that is not done, and `mine` whether the reader may do it."""

    steps: list[Step]
    mine: bool

    @property
    def next(self) -> Step:
        return _next(self.steps)

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def nothing_done(self) -> bool:
        return not self.done


# Steps as the request's tenant stands with them; nothing for a tenant that has no use of the app.
StepSource = Callable[[HttpRequest], Iterable[Step]]
_sources: dict[str, tuple[int, StepSource]] = {}


def register(key: str, source: StepSource, order: int = 100) -> None:
    """Add an app's steps; registering the same `key` again replaces them."""
    _sources[key] = (order, source)


def guide_of(request: HttpRequest) -> Guide | None:
    """The tenant's checklist; None when all is done, or an admin has put it away."""
    if request.tenant.first_steps_dismissed_at is not None:  # type: ignore[attr-defined]
        return None
    ordered = sorted(_sources.items(), key=lambda entry: (entry[1][0], entry[0]))
    steps = [step for _key, (_order, source) in ordered for step in source(request)]
    if all(step.done for step in steps):
        return None
    role = _next(steps).role
    return Guide(steps, mine=role is None or request.membership.allows(role))  # type: ignore[attr-defined]


def _next(steps: Iterable[Step]) -> Step:
    return next(step for step in steps if not step.done)
