"""How long it takes to plan a campaign, from its list to messages in batches, committed; and the most memory that Python held.

The list is a file of RECIPIENTS Dutch mobile numbers with a value for a placeholder of the text, so that every text is another
one; one line in a hundred is a number of another country, a duplicate, on the do-not-send list or no number. Planned over a
stack with its durability on. At most 5 s are allowed for 100,000, and at most 30 MB more memory than for 10,000.

    python -m bench.messaging_plan [--rounds 3]
"""

import argparse
import statistics
import sys
import time
import tracemalloc
from typing import Any

from bench.stack import running_stack

SIZES = (10_000, 100_000)
MOST_SECONDS = 5.0
MOST_MORE_MB = 30.0
TEXT = "Hello {{ name }}, your parcel is brought tomorrow between nine and eleven."


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    with running_stack() as stack:
        return bench_planning(connect(stack), rounds=parser.parse_args().rounds)


def connect(stack: Any) -> Any:
    """A company with an SMS connection to the sandbox, its rules, and numbers on its do-not-send list."""
    from django.utils import timezone

    from messaging.models import Destination, OptOut, SmsRules
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope, tenant_scope
    from portal.vendors.connections import Account, add_connection

    with staff_scope():
        tenant = Tenant.objects.create(name="Acme", slug="acme")
    with tenant_scope(tenant.pk):
        account = Account(
            name="SMS",
            base_url=f"{stack.sandbox.base_url}/communication/kpn/sms",
            token_url=stack.sandbox.token_url,
            environment="test",
            client_id="acme",
            client_secret="secret",
        )
        connection = add_connection(tenant, "kpn_sms", account, acting_user=None)
        SmsRules.objects.create(tenant=tenant, countries=["BE"])
        Destination.objects.create(tenant=tenant, connection=connection, country="NL", unit_price="0.07")
        OptOut.objects.bulk_create(
            OptOut(tenant=tenant, number=_number(each)[1:], source="person", created_at=timezone.now())
            for each in range(50, 100_000, 400)
        )
    return connection


def bench_planning(connection: Any, rounds: int = 3) -> int:
    """Prints what it took; 1 where that is too much. `connection` is one to the SMS API, whose company has nothing planned."""
    seconds, memory = {}, {}
    for size in SIZES:
        content = _list(size)
        times = [_planned(connection, content) for _round in range(rounds)]
        seconds[size] = statistics.median(times)
        tracemalloc.start()
        _planned(connection, content)
        memory[size] = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        print(f"planned {size:>7} recipients in {seconds[size]:5.2f} s (median of {rounds}), {memory[size]:5.1f} MB")
    small, large = SIZES
    failed = seconds[large] > MOST_SECONDS or memory[large] - memory[small] > MOST_MORE_MB
    if failed:
        print(f"too much: at most {MOST_SECONDS} s and {MOST_MORE_MB} MB more are wanted", file=sys.stderr)
    return int(failed)


def _number(each: int) -> str:
    """With a guard, as spreadsheets write what begins with a plus; one in four hundred is of Belgium."""
    return f"'+324{70_000_000 + each:08}" if each % 400 == 150 else f"'+316{10_000_000 + each:08}"


def _list(size: int) -> bytes:
    """Of four hundred lines one is of Belgium, one on the do-not-send list, one a duplicate and one no number."""
    odd = {250: _number(0), 350: "020 123"}
    rows = (f"{odd.get(each % 400, _number(each))};Person {each}" for each in range(size))
    return "\n".join(["mobile;name", *rows]).encode()


def _planned(connection: Any, content: bytes) -> float:
    """Seconds of one turn that plans, its commit included."""
    from django.utils import timezone

    from messaging.campaigns import audience, turns
    from messaging.models import AudienceFile, Campaign
    from portal.tenancy.scope import tenant_scope

    given = audience.of_file(content, "list.csv")
    with tenant_scope(connection.tenant_id):
        campaign = Campaign.objects.create(
            tenant_id=connection.tenant_id, connection=connection, name="Bench", text=TEXT, sender="Acme",
            state=Campaign.State.CHECKING, audience=given.told, due_at=timezone.now(),
        )  # fmt: skip
        AudienceFile.objects.create(tenant_id=connection.tenant_id, campaign=campaign, content=given.content)
    began = time.perf_counter()
    turns.take_turn(connection.tenant_id, campaign.pk)
    took = time.perf_counter() - began
    _check_and_forget(connection, campaign)
    return took


def _check_and_forget(connection: Any, campaign: Any) -> None:
    from messaging.campaigns.planning import forget_plan
    from portal.tenancy.scope import tenant_scope

    with tenant_scope(connection.tenant_id):
        campaign.refresh_from_db()
        lines = campaign.audience["lines"]
        if campaign.plan["lines"] != lines or campaign.recipients != lines - 3 * lines // 400:
            raise SystemExit(f"not what was given: {campaign.plan}")
        forget_plan(campaign)


if __name__ == "__main__":
    sys.exit(main())
