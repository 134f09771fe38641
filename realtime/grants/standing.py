"""What pages tell of permissions: which are lost, and what nobody allowed yet. Read once for all of a page."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject
from django.http import HttpRequest

from portal.vendors.models import Connection
from realtime.grants.lines import PERSONAL
from realtime.grants.models import Grant
from realtime.models import RealtimeAccount


@dataclass(frozen=True)
class Held:
    """A grant that is active or lost: the company's (`user_id` is None) or the reader's own."""

    user_id: int | None
    state: str
    scopes: list[str]

    @property
    def personal(self) -> bool:
        return self.user_id is not None

    @property
    def lost(self) -> bool:
        return self.state == Grant.State.LOST

    def lets(self, scope: str) -> bool:
        """Was it given for this, be it lost by now?"""
        return (f"{scope}{PERSONAL}" if self.personal else scope) in self.scopes


@dataclass(frozen=True)
class Place:
    """A telephone system, with the grants that count for the reader."""

    pk: int
    name: str
    held: list[Held]

    def misses(self, scope: str) -> bool:
        """Did nobody ever allow it? What was allowed and is lost is told of as lost."""
        return not any(each.lets(scope) for each in self.held)


def held_by(user_id: int | None) -> ArraySubquery:
    """An annotation of rows with a `connection`: so it costs no query of its own where these are read anyway."""
    counting = Grant.objects.filter(Q(user=None) | Q(user=user_id), connection=OuterRef("connection"))
    told = JSONObject(user="user_id", state="state", scopes="scopes")
    return ArraySubquery(counting.exclude(state=Grant.State.ENDED).order_by("pk").values(told=told))


def held_from(told: Iterable[Mapping[str, Any]]) -> list[Held]:
    """Of what `held_by` read."""
    return [Held(row["user"], row["state"], row["scopes"]) for row in told]


def remember(request: HttpRequest, places: Iterable[tuple[Connection, Iterable[Mapping[str, Any]]]]) -> None:
    """Have the page told of these telephone systems, each with what `held_by` read along with it."""
    request.live_places = [  # type: ignore[attr-defined]
        Place(connection.pk, connection.name, held_from(told)) for connection, told in places
    ]


def places_of(request: HttpRequest) -> list[Place]:
    """The company's telephone systems, by name. One query, or none where the view remembered what it had read."""
    if not hasattr(request, "live_places"):
        rows = RealtimeAccount.objects.annotate(held=held_by(request.user.pk)).order_by(
            "connection__name", "connection_id"
        )
        request.live_places = [  # type: ignore[attr-defined]
            Place(pk, name, held_from(told))
            for pk, name, told in rows.values_list("connection_id", "connection__name", "held")
        ]
    return request.live_places  # type: ignore[attr-defined]
