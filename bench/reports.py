"""How fast delivery reports are taken, and that none is lost: real web processes, two of them, as `make run` starts them.

The measure is a Django view without any middleware that does one INSERT, in web processes of the same kind, asked in turns
with the portal in the same run. Callers keep their connections, as the vendor's platform does, and share the machine.

    python -m bench.reports [--seconds 4] [--rounds 3] [--callers 8] [--processed 20000]
"""

import hashlib
import hmac
import json
import sys
import time
from dataclasses import dataclass
from itertools import count
from urllib.parse import urlsplit

from bench.posting import BARE_PATH, WEB_THREADS, Post, arguments_of, connected, followed, request_of, taken_of
from bench.stack import running_stack

SECRET = b"secret-of-the-bench"
MOST_MS, LEAST_PROCESSED = 25.0, 2_000


def main() -> int:
    parser = arguments_of(__doc__)
    parser.add_argument("--processed", type=int, default=20_000, help="messages whose reports come")
    arguments = parser.parse_args()
    with running_stack(DATABASE_POOL_SIZE=str(WEB_THREADS + 2)) as stack:
        posts = Posts(_addresses(arguments.processed))
        taken = taken_of(stack, posts.report, posts.bare, arguments)
        flaws = taken.flaws(_stored(posts.connection), "reports")
        processed = _process(posts.connection)
    if taken.worst_ms > MOST_MS:
        flaws.append(f"99 of 100 at half load within {taken.worst_ms:.1f} ms instead of {MOST_MS}")
    if processed < LEAST_PROCESSED:
        flaws.append(f"{processed:.0f} processed a second instead of {LEAST_PROCESSED}")
    print("\n".join(flaws) or "good", flush=True)
    return 1 if flaws else 0


# --- What is posted -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Whose:
    """Numbers of messages by the path of their sending."""

    tenant_id: int
    connection_id: int
    numbers: list[tuple[str, str]]


def _addresses(messages: int) -> Whose:
    """A campaign of so many messages that were handed over."""
    from messaging.models import MOST_IN_A_CALL, Batch, Campaign, Message, Sending, SigningKey
    from messaging.reports.addresses import report_url
    from portal.tenancy.scope import tenant_scope

    connection = connected("kpn_sms", "SMS")
    tenant = connection.tenant
    numbers: list[tuple[str, str]] = []
    with tenant_scope(tenant.pk):
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

    return followed(lambda: applying.process(whose.tenant_id, whose.connection_id), "reports")


if __name__ == "__main__":
    sys.exit(main())
