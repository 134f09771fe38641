"""How fast delivery reports are taken, and that none is lost: real web processes, two of them, as `make run` starts them.

The measure is a Django view without any middleware that does one INSERT, in web processes of the same kind, asked in turns
with the portal in the same run. Callers keep their connections, as the vendor's platform does, and share the machine.

    python -m bench.reports [--seconds 4] [--rounds 3] [--callers 8] [--processed 20000]
"""

import argparse
import hashlib
import hmac
import json
import sys
import time
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

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

SECRET = b"secret-of-the-bench"
LEAST_SHARE, MOST_MS, LEAST_PROCESSED = 0.5, 25.0, 2_000
WEB_THREADS = 8
RESTARTS = 4


def main() -> int:
    arguments = _arguments()
    load = Load(arguments.seconds, arguments.rounds, arguments.callers)
    with running_stack(DATABASE_POOL_SIZE=str(WEB_THREADS + 2)) as stack:
        make_bare_table(stack)
        posts = Posts(_addresses(arguments.processed))
        with running_web(stack, PORTAL) as portal, running_web(stack, BARE) as bare:
            share, rate = share_of(portal, bare, posts.report, posts.bare, load)
            worst = latency_of(portal, posts.report, rate / 2, load)
            told = told_over_restarts(portal, posts.report, load, RESTARTS)
        lost = len(set(told) - _stored(posts.connection))
        processed = _process(posts.connection)
    flaws = [
        *([f"taken at {share:.2f} of the bare view's rate instead of {LEAST_SHARE}"] if share < LEAST_SHARE else []),
        *([f"99 of 100 at half load within {worst:.1f} ms instead of {MOST_MS}"] if worst > MOST_MS else []),
        *([f"{lost} reports lost over restarts"] if lost else []),
        *([f"{processed:.0f} processed a second instead of {LEAST_PROCESSED}"] if processed < LEAST_PROCESSED else []),
    ]
    print("\n".join(flaws) or "good", flush=True)
    return 1 if flaws else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="of each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--callers", type=int, default=8, help="at once")
    parser.add_argument("--processed", type=int, default=20_000, help="messages whose reports come")
    return parser.parse_args()


# --- What is posted -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Whose:
    """Numbers of messages by the path of their sending."""

    tenant_id: int
    connection_id: int
    numbers: list[tuple[str, str]]


def _addresses(messages: int) -> Whose:
    """A campaign of so many messages that were handed over."""
    from messaging.connecting import prepare
    from messaging.models import MOST_IN_A_CALL, Batch, Campaign, Message, Sending, SigningKey
    from messaging.reports.addresses import report_url
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope, tenant_scope
    from portal.vendors.models import Connection, ConnectionState

    with staff_scope():
        tenant = Tenant.objects.create(name="Acme", slug="acme")
    numbers: list[tuple[str, str]] = []
    with tenant_scope(tenant.pk):
        url = "http://127.0.0.1:9/"
        connection = Connection.objects.create(
            tenant=tenant, vendor="kpn_sms", name="SMS", base_url=url, token_url=url, client_id="a", client_secret="b"
        )
        ConnectionState.objects.create(tenant=tenant, connection=connection)
        prepare(connection)
        SigningKey.objects.create(
            tenant=tenant, connection=connection, key_id="wk_bench", secret=SECRET.decode(), state="active"
        )
        campaign = Campaign.objects.create(tenant=tenant, connection=connection, name="Bench", sender="Acme")
        for first in range(0, messages, MOST_IN_A_CALL):
            batch = Batch.objects.create(tenant=tenant, campaign=campaign, number=first // MOST_IN_A_CALL)
            some = [f"+316{10_000_000 + each}" for each in range(first, first + MOST_IN_A_CALL)]
            Message.objects.bulk_create(
                Message(
                    tenant=tenant,
                    campaign=campaign,
                    batch=batch,
                    number=number,
                    country="NL",
                    parts=1,
                    state="handed_over",
                )
                for number in some
            )
            sending = Sending.objects.create(
                tenant=tenant, batch=batch, connection=connection, number=1, messages=len(some)
            )
            path = urlsplit(report_url(sending)).path
            numbers += [(path, number) for number in some]
    return Whose(tenant.pk, connection.pk, numbers)


class Posts:
    """Requests as bytes, each with a report that was not there before. Used by all callers."""

    def __init__(self, connection: Whose) -> None:
        self.connection = connection
        self._next = count()

    def report(self) -> Post:
        """The report's own ID and the whole request."""
        place = next(self._next)
        path, number = self.connection.numbers[place % len(self.connection.numbers)]
        return self._request(place, path, number)

    def bare(self) -> Post:
        """The same bytes to the bare view."""
        return self._request(next(self._next), BARE_PATH, "+31612345678")

    def _request(self, place: int, path: str, number: str) -> Post:
        identity = f"bench-{place}"
        told = {
            "DLRID": identity, "MessageType": "sms_dlr", "RecipientPhonenumber": number, "StatusCode": 1,
            "StatusDateTime": int(time.time()), "CustomerId": "customer-1", "DocumentId": "",
        }  # fmt: skip
        body = json.dumps(told).encode()
        signed = hmac.new(SECRET, body, hashlib.sha256).hexdigest()
        headers = f"X-KPN-Webhook-Signature: {signed}\r\nX-KPN-Webhook-Key-Id: wk_bench\r\n"
        return identity, request_of(path, body, headers)


# --- What became of it ---------------------------------------------------------------------------------------------------


def _stored(whose: Whose) -> set[str]:
    from messaging.models import Report
    from portal.tenancy.scope import tenant_scope

    with tenant_scope(whose.tenant_id):
        bodies = Report.objects.filter(connection_id=whose.connection_id).values_list("body", flat=True)
        return {json.loads(bytes(body))["DLRID"] for body in bodies.iterator()}


def _process(whose: Whose) -> float:
    """Reports a second that the worker follows."""
    from messaging.reports import applying

    began, done = time.monotonic(), 0
    while some := applying.process(whose.tenant_id, whose.connection_id):
        done += some
    rate = done / (time.monotonic() - began)
    print(f"{done} reports followed at {rate:.0f}/s", flush=True)
    return rate


if __name__ == "__main__":
    sys.exit(main())
