"""How fast live events are taken and followed, and that none is lost: compared with a bare INSERT in the same run.

python -m bench.events [--seconds 4] [--rounds 3] [--callers 8] [--followed 5000]
"""

import json
import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from bench.posting import BARE_PATH, WEB_THREADS, Post, arguments_of, connected, followed, request_of, taken_of
from bench.stack import running_stack

LEAST_FOLLOWED = 100
LIFE = ("created", "ringing", "answered", "terminated")


def main() -> int:
    parser = arguments_of(__doc__)
    parser.add_argument("--followed", type=int, default=5_000, help="events that are read and followed")
    arguments = parser.parse_args()
    with running_stack(DATABASE_POOL_SIZE=str(WEB_THREADS + 2)) as stack:
        whose = _subscribed()
        posts = Posts(whose)
        flaws = taken_of(stack, posts.event, posts.bare, arguments).flaws(_stored(whose), "events")
        rate = _follow(whose, arguments.followed)
    if rate < LEAST_FOLLOWED:
        flaws.append(f"{rate:.0f} followed a second instead of {LEAST_FOLLOWED}")
    print("\n".join(flaws) or "good", flush=True)
    return 1 if flaws else 0


@dataclass(frozen=True)
class Whose:
    """A subscription's connection, and the path of its address."""

    tenant_id: int
    connection_id: int
    path: str


def _subscribed() -> Whose:
    from portal.tenancy.scope import tenant_scope
    from realtime.events.addresses import PLACE, digest_of
    from realtime.subscriptions.models import Subscription

    secret, connection = secrets.token_urlsafe(32), connected("kwebbl", "Calls")
    with tenant_scope(connection.tenant_id):
        own = {"tenant": connection.tenant, "connection": connection}
        Subscription.objects.create(**own, state="active", digest=digest_of(secret))
    return Whose(connection.tenant_id, connection.pk, PLACE + secret)


class Posts:
    """Requests, each with an event that was not there before: calls that are created, ring, are answered and end."""

    def __init__(self, whose: Whose) -> None:
        self.whose = whose
        self._next = count()

    def event(self) -> Post:
        identity, body = self.body()
        return identity, request_of(self.whose.path, body)

    def bare(self) -> Post:
        """The same bytes to the bare view."""
        identity, body = self.body()
        return identity, request_of(BARE_PATH, body)

    def body(self) -> tuple[str, bytes]:
        place = next(self._next)
        told = {
            "id": f"bench-{place}", "event_type": LIFE[place % 4], "call_id": f"leg-{place // 4}", "direction": "inbound",
            "from": {"number": f"+316{10_000_000 + place // 4}"}, "to": {"extension_id": "a" * 32, "number": "345"},
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        }  # fmt: skip
        return f"bench-{place}", json.dumps(told).encode()


def _stored(whose: Whose) -> set[str]:
    from portal.tenancy.scope import tenant_scope
    from realtime.events.models import Event

    with tenant_scope(whose.tenant_id):
        keys = Event.objects.filter(connection_id=whose.connection_id).values_list("key", flat=True)
        return {key.partition("/")[0] for key in keys}


def _follow(whose: Whose, number: int) -> float:
    """Events a second that the worker follows, of those that were taken; more than `number` are set aside."""
    from portal.tenancy.scope import tenant_scope
    from realtime.events.models import Event
    from realtime.events.reading import read_events

    with tenant_scope(whose.tenant_id):
        kept = Event.objects.filter(connection_id=whose.connection_id).order_by("pk").values_list("pk", flat=True)
        last = list(kept[:number])[-1]
        Event.objects.filter(connection_id=whose.connection_id, pk__gt=last).delete()
    return followed(lambda: read_events(whose.tenant_id, whose.connection_id), "events")


if __name__ == "__main__":
    sys.exit(main())
