"""100,000 messages sent against the vendor's quota: how much of what it allows is used, and what the workers need for it.

The vendor allows CALLS calls of 200 messages every SECONDS seconds, in windows that open with the first call after the last
one closed; so many whole windows cannot take less time than theirs. One campaign is released and sent by the Celery workers of
`make run`. Its rate is taken over all windows but the last, which is not used up. The workers' memory is read every second.

    python -m bench.messaging [--messages 100000] [--calls 100] [--seconds 12] [--threads 20]
"""

import argparse
import statistics
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.stack import Stack, running_stack
from portal.local.stack import CELERY, WORKER_PROCESSES, worker_command

ENOUGH = 0.95
# Of the last quarter's memory against the second quarter's, when everything has been used once.
MOST_GROWTH = 1.10
IN_A_CALL = 200
CLIENT_ID, SECRET = "acme-sms", "s3cret-of-the-bench"


def main() -> int:
    arguments = _arguments()
    with running_stack(DATABASE_POOL_SIZE=str(arguments.threads + 4)) as stack:
        campaign = _plan(stack, arguments.messages)
        stack.sandbox.control.put_account(
            CLIENT_ID, quota_limit=arguments.calls, quota_interval=arguments.seconds, quota_time_unit="second"
        )
        workers = _start_workers(stack, arguments.threads)
        time.sleep(5)
        released = _release(campaign)
        memory = _follow(campaign, workers, arguments)
        return _report(stack, campaign, arguments, released, memory)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=100, help="that the vendor allows in a window")
    parser.add_argument("--seconds", type=int, default=12, help="that a window lasts")
    parser.add_argument("--threads", type=int, default=20, help="of the workers, in all")
    return parser.parse_args()


def _plan(stack: Stack, messages: int) -> Any:
    """A campaign as the pre-flight leaves it, written by few statements."""
    from django.db import connection as database

    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope, tenant_scope
    from portal.vendors.connections import Account, add_connection

    stack.sandbox.control.put_account(CLIENT_ID, SECRET)
    stack.sandbox.control.sms_settings(CLIENT_ID, mode="none")
    with staff_scope():
        tenant = Tenant.objects.create(name="Acme", slug="acme")
    with tenant_scope(tenant.pk):
        account = Account(
            name="SMS",
            base_url=stack.sandbox.sms_url,
            token_url=stack.sandbox.token_url,
            environment="test",
            client_id=CLIENT_ID,
            client_secret=SECRET,
        )
        connection = add_connection(tenant, "kpn_sms", account, acting_user=None)
        campaign = _campaign(connection, messages)
        with database.cursor() as cursor:
            cursor.execute(BATCHES, {"campaign": campaign.pk, "tenant": tenant.pk, "last": messages // IN_A_CALL})
            cursor.execute(
                MESSAGES, {"campaign": campaign.pk, "tenant": tenant.pk, "last": messages, "each": IN_A_CALL}
            )
    with database.cursor() as cursor:
        cursor.execute("analyze")
    return campaign


COUNTS = [
    "waiting", "handed_over", "accepted", "delivered", "failed", "rejected", "expired", "unknown", "refused", "skipped",
    "cancelled",
]  # fmt: skip
BATCHES = f"""
insert into messaging_batch (tenant_id, campaign_id, number, canary, state, unmatched, planned, {", ".join(COUNTS)})
select %(tenant)s, %(campaign)s, n, false, 'planned', 0, 0, {", ".join("0" for _ in COUNTS)} from generate_series(1, %(last)s) n
"""
MESSAGES = """
insert into messaging_message (tenant_id, campaign_id, batch_id, number, country, text, parts, line, state, state_at, code)
select %(tenant)s, %(campaign)s, b.id, '+316' || (10000000 + n), 'NL', '', 1, n, 'planned', now(), ''
from generate_series(1, %(last)s) n join messaging_batch b on b.campaign_id = %(campaign)s and b.number = (n - 1) / %(each)s + 1
"""


def _campaign(connection: Any, messages: int) -> Any:
    from django.utils import timezone

    from messaging.models import Campaign, Destination, Sender, SmsRules

    tenant_id = connection.tenant_id
    SmsRules.objects.create(tenant_id=tenant_id, most_recipients_a_day=None, second_person_above=None)
    Sender.objects.create(tenant_id=tenant_id, name="Acme", state=Sender.State.ALLOWED)
    Destination.objects.create(tenant_id=tenant_id, connection=connection, country="NL", unit_price="0.07")
    return Campaign.objects.create(
        tenant_id=tenant_id, connection=connection, name="Bench", text="Hello", sender="Acme", state=Campaign.State.READY,
        planned_at=timezone.now(), recipients=messages, parts=messages, eur="7000",
    )  # fmt: skip


def _start_workers(stack: Stack, threads: int) -> list[int]:
    """Their process ids."""
    beat = ["-m", *CELERY, "beat", "--schedule", str(stack.place.var / "beat"), "--pidfile", ""]
    stack.start("beat", sys.executable, *map(str, beat))
    pids = []
    for number in range(1, WORKER_PROCESSES + 1):
        module = worker_command(f"worker-{number}", threads // WORKER_PROCESSES)
        pids.append(stack.start(f"worker-{number}", sys.executable, "-m", *map(str, module)).pid)
    return pids


def _release(campaign: Any) -> float:
    """How long the click took, in seconds."""
    from django.contrib.auth import get_user_model

    from messaging.campaigns import release
    from portal.tenancy.scope import tenant_scope

    person = get_user_model().objects.create(email="bench@example.com")
    began = time.perf_counter()
    with tenant_scope(campaign.tenant_id):
        release.release(campaign, planned_at=campaign.planned_at, acting_user=person)
    return time.perf_counter() - began


def _follow(campaign: Any, workers: list[int], arguments: argparse.Namespace) -> list[float]:
    """The workers' memory in MB, second by second, until the campaign is done."""
    from messaging.models import Campaign
    from portal.tenancy.scope import tenant_scope

    memory, windows = [], arguments.messages / IN_A_CALL / arguments.calls
    give_up = time.monotonic() + windows * arguments.seconds * 2 + 60
    while time.monotonic() < give_up:
        memory.append(sum(map(_resident, workers)))
        with tenant_scope(campaign.tenant_id):
            if Campaign.objects.get(pk=campaign.pk).state == Campaign.State.DONE:
                return memory
        time.sleep(1)
    raise SystemExit("the campaign was not done in time")


def _resident(pid: int) -> float:
    told = Path(f"/proc/{pid}/status").read_text()
    return int(told.partition("VmRSS:")[2].split()[0]) / 1024


def _report(stack: Stack, campaign: Any, arguments: argparse.Namespace, released: float, memory: list[float]) -> int:
    sent = list(stack.sandbox.control.sms(CLIENT_ID))
    calls = sorted({sms["document_id"]: datetime.fromisoformat(sms["at"]) for sms in sent}.values())
    whole = (len(calls) - 1) // arguments.calls
    took = (calls[whole * arguments.calls] - calls[0]).total_seconds()
    share = whole * arguments.seconds / took
    quarter = len(memory) // 4
    before, after = statistics.median(memory[quarter : 2 * quarter]), statistics.median(memory[-quarter:])
    reached_once = len(sent) == len({sms["number"] for sms in sent}) == arguments.messages
    limit = arguments.calls * IN_A_CALL / arguments.seconds
    print(f"released   {released * 1000:6.0f} ms   for {arguments.messages} recipients")
    print(f"limit      {limit:6.0f} messages/s   ({arguments.calls} calls of {IN_A_CALL} every {arguments.seconds} s)")
    print(f"portal     {limit * share:6.0f} messages/s   {share:.3f} of the limit, over {whole} windows")
    print(f"in all     {(calls[-1] - calls[0]).total_seconds():6.1f} s       first call to last, {len(sent)} messages")
    print(f"memory     {before:6.0f} MB, later {after:.0f} MB   {after / before:.3f}, {len(memory)} readings")
    flaws = [
        *([f"too slow: at least {ENOUGH} of the limit is wanted"] if share < ENOUGH else []),
        *([f"memory grows: at most {MOST_GROWTH} of what it was is wanted"] if after > before * MOST_GROWTH else []),
        *(["not everybody was reached exactly once"] if not reached_once else []),
    ]
    print("\n".join(flaws), file=sys.stderr, end="\n" if flaws else "")
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main())
