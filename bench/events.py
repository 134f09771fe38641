"""How fast live events are taken and followed, and that none is lost: compared with a bare INSERT in the same run.

python -m bench.events [--seconds 4] [--rounds 3] [--callers 8] [--followed 5000]
"""

import argparse
import json
import secrets
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count

from bench.posting import (
    BARE,
    BARE_PATH,
    PORTAL,
    Load,
    Post,
    latency_of,
    make_bare_table,
    request_of,
    running_web,
    share_of,
    told_over_restarts,
)
from bench.stack import running_stack

LEAST_SHARE, LEAST_FOLLOWED = 0.5, 100
WEB_THREADS = 8
RESTARTS = 4
LIFE = ("created", "ringing", "answered", "terminated")


def main() -> int:
    arguments = _arguments()
    load = Load(arguments.seconds, arguments.rounds, arguments.callers)
    with running_stack(DATABASE_POOL_SIZE=str(WEB_THREADS + 2)) as stack:
        make_bare_table(stack)
        whose = _subscribed()
        posts = Posts(whose)
        with running_web(stack, PORTAL) as portal, running_web(stack, BARE) as bare:
            share, rate = share_of(portal, bare, posts.event, posts.bare, load)
            latency_of(portal, posts.event, rate / 2, load)
            told = told_over_restarts(portal, posts.event, load, RESTARTS)
        lost = len(set(told) - _stored(whose))
        followed = _follow(whose, arguments.followed)
    flaws = [
        *([f"taken at {share:.2f} of the bare view's rate instead of {LEAST_SHARE}"] if share < LEAST_SHARE else []),
        *([f"{lost} events lost over restarts"] if lost else []),
        *([f"{followed:.0f} followed a second instead of {LEAST_FOLLOWED}"] if followed < LEAST_FOLLOWED else []),
    ]
    print("\n".join(flaws) or "good", flush=True)
    return 1 if flaws else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", type=int, default=8, help="at once")
    parser.add_argument("--followed", type=int, default=5_000, help="events that are read and followed")
    return parser.parse_args()


@dataclass(frozen=True)
class Whose:
    """A subscription's connection, and the path of its address."""

    tenant_id: int
    connection_id: int
    path: str


def _subscribed() -> Whose:
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope, tenant_scope
    from portal.vendors.models import Connection, ConnectionState
    from realtime.connecting import prepare
    from realtime.events.addresses import PLACE, digest_of
    from realtime.subscriptions.models import Subscription

    secret = secrets.token_urlsafe(32)
    with staff_scope():
        tenant = Tenant.objects.create(name="Acme", slug="acme")
    with tenant_scope(tenant.pk):
        url = "http://127.0.0.1:9/"
        connection = Connection.objects.create(
            tenant=tenant, vendor="kwebbl", name="Calls", base_url=url, token_url=url, client_id="a", client_secret="b"
        )
        ConnectionState.objects.create(tenant=tenant, connection=connection)
        prepare(connection)
        Subscription.objects.create(tenant=tenant, connection=connection, state="active", digest=digest_of(secret))
    return Whose(tenant.pk, connection.pk, PLACE + secret)


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
    began, done = time.monotonic(), 0
    while some := read_events(whose.tenant_id, whose.connection_id):
        done += some
    rate = done / (time.monotonic() - began)
    print(f"{done} events followed at {rate:.0f}/s", flush=True)
    return rate


if __name__ == "__main__":
    sys.exit(main())
