"""Subscribers created per second through the whole path, against what the vendor's latency allows.

The Celery workers of `make run`, with THREADS threads in all, create subscribers over many connections: journal, lease,
attempt, call log, audit and mirror included. The limit is THREADS / latency, since a thread that waits for the vendor can do
nothing else. The baseline is a bare Celery task that makes the same POST over a kept-alive connection and writes nothing.
Both run in turns on the same machine, are counted over the same number of seconds in full flow, and medians are compared.

    python -m bench.provisioning [--seconds 12] [--latency 0.25] [--threads 20] [--rounds 3]
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bench.stack import Stack, running_stack
from portal.local.stack import WORKER_PROCESSES, worker_command

TENANTS = 12
CONNECTIONS = 4
ENOUGH = 0.90
TASK = "bench.bare_task.create"
SECRET = "s3cret-of-the-bench"
START_SECONDS = 3


def main() -> int:
    arguments = _arguments()
    with running_stack(DATABASE_POOL_SIZE=str(arguments.threads + 4), SYNC_SECONDS="3600") as stack:
        stock = int(arguments.threads / arguments.latency * (arguments.seconds + START_SECONDS) * 1.5)
        lanes = _make_lanes(stack, stock)
        stack.sandbox.control.set_latency(arguments.latency)
        _start_workers(stack, arguments.threads)
        portal, bare = [], []
        for number in range(arguments.rounds + 1):
            bare.append(_bare(stack, stock, number, arguments.seconds))
            portal.append(_portal(lanes, stock, number, arguments.seconds))
            note = "" if number else "   (not counted: tokens, connections and caches are filled)"
            print(f"round {number}: portal {portal[-1]:6.1f}/s   bare task {bare[-1]:6.1f}/s{note}", flush=True)
    return _report(arguments, statistics.median(portal[1:]), statistics.median(bare[1:]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=12, help="counted in each round")
    parser.add_argument("--latency", type=float, default=0.25, help="of the vendor, in seconds")
    parser.add_argument("--threads", type=int, default=20, help="of the workers, in all")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _make_lanes(stack: Stack, stock: int) -> list[tuple[int, int]]:
    """(tenant, connection) of accounts with products enough for everything that will be created."""
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope

    lanes = []
    for number in range(TENANTS):
        with staff_scope():
            tenant = Tenant.objects.create(name=f"Tenant {number}", slug=f"tenant-{number}")
        lanes += [_lane(stack, tenant, f"client-{number}-{position}", stock) for position in range(CONNECTIONS)]
    return lanes


def _lane(stack: Stack, tenant, client_id: str, stock: int) -> tuple[int, int]:  # noqa: ANN001 - Django is not set up yet
    from portal.tenancy.scope import tenant_scope
    from portal.vendors.connections import Account, add_connection
    from provisioning import sync

    stack.sandbox.control.put_account(client_id, SECRET)
    stack.sandbox.control.order_behind(client_id, "increment", stock)
    with tenant_scope(tenant.pk):
        account = Account(
            name=client_id,
            base_url=stack.sandbox.kandy_url,
            token_url=stack.sandbox.token_url,
            environment="test",
            client_id=client_id,
            client_secret=SECRET,
        )
        connection = add_connection(tenant, "kandy", account, acting_user=None)
    sync.read_connection(tenant.pk, connection.pk)
    return tenant.pk, connection.pk


def _start_workers(stack: Stack, threads: int) -> None:
    for number in range(1, WORKER_PROCESSES + 1):
        module = worker_command(f"worker-{number}", threads // WORKER_PROCESSES)
        stack.start(f"worker-{number}", sys.executable, "-m", *map(str, module), "--include", "bench.bare_task")


def _portal(lanes: list[tuple[int, int]], subscribers: int, number: int, seconds: float) -> float:
    """Promise more than can be done, ring for every lane, count what is done in full flow, cancel the rest."""
    from portal.operations import bells

    _enable_connections(False)
    rung = [
        (tenant_id, connection_id, _promise(tenant_id, connection_id, subscribers // len(lanes), number))
        for tenant_id, connection_id in lanes
    ]
    _enable_connections(True)
    for bell in rung:
        bells.ring(*bell)
    rate = _rate(_done_between, seconds)
    _cancel_the_rest()
    return rate


def _enable_connections(enabled: bool) -> None:
    """Nothing leaves over a disabled connection: so everything is promised before the clock starts."""
    from portal.tenancy.scope import staff_scope
    from portal.vendors.models import Connection

    with staff_scope():
        Connection.objects.update(enabled=enabled)


def _promise(tenant_id: int, connection_id: int, subscribers: int, number: int) -> str:
    """Through the portal's own verb. Returns the lane."""
    from portal.tenancy.scope import tenant_scope
    from provisioning.models import Product
    from provisioning.operations import create_subscriber

    with tenant_scope(tenant_id):
        product = Product.objects.select_related("connection__tenant").get(connection_id=connection_id)
        for each in range(subscribers):
            create_subscriber(product, f"user-{number}-{each}", acting_user=None)
    return product.lane


def _rate(count_between: Callable[[datetime, datetime], int], seconds: float) -> float:
    time.sleep(START_SECONDS)
    start = datetime.now(UTC)
    end = start + timedelta(seconds=seconds)
    time.sleep(seconds)
    return count_between(start, end) / seconds


def _done_between(start: datetime, end: datetime) -> int:
    from portal.operations.models import Operation, Status
    from portal.tenancy.scope import staff_scope

    with staff_scope():
        if not Operation.objects.filter(status=Status.WAITING).exists():
            raise SystemExit("the work ran out before the time: the count would be too low")
        return Operation.objects.filter(status=Status.DONE, ended_at__gte=start, ended_at__lt=end).count()


def _cancel_the_rest() -> None:
    """What was promised beyond the time, and wait for what is under way."""
    from portal.operations.models import Operation, Status
    from portal.tenancy.scope import staff_scope
    from provisioning.models import Subscriber

    with staff_scope():
        Operation.objects.filter(status=Status.WAITING).update(status=Status.CANCELLED)
        Subscriber.objects.filter(state=Subscriber.State.REQUESTED).update(state=Subscriber.State.FAILED)
    while True:
        with staff_scope():
            if not Operation.objects.open().exists():
                return
        time.sleep(0.1)


def _bare(stack: Stack, tasks: int, number: int, seconds: float) -> float:
    from celery import current_app

    client_id = f"bare-{number}"
    stack.sandbox.control.put_account(client_id, SECRET)
    stack.sandbox.control.order_behind(client_id, "increment", tasks)
    token = _token(stack, client_id)
    for each in range(tasks):
        arguments = [stack.sandbox.kandy_url, token, f"user{each}"]
        current_app.send_task(TASK, args=arguments, queue="operations", retry=False)
    rate = _rate(lambda start, end: _created_between(stack, client_id, start, end), seconds)
    current_app.control.purge()
    time.sleep(2)
    return rate


def _created_between(stack: Stack, client_id: str, start: datetime, end: datetime) -> int:
    created = stack.sandbox.control.ledger(client_id, kind="subscriber_created")
    return sum(start <= datetime.fromisoformat(effect["at"]) < end for effect in created)


def _token(stack: Stack, client_id: str) -> str:
    import requests

    form = {"client_id": client_id, "client_secret": SECRET}
    url = f"{stack.sandbox.token_url}?grant_type=client_credentials"
    return str(requests.post(url, data=form, timeout=30).json()["access_token"])


def _report(arguments: argparse.Namespace, portal: float, bare: float) -> int:
    limit = arguments.threads / arguments.latency
    print(f"limit      {limit:6.1f}/s   ({arguments.threads} threads / {arguments.latency} s)")
    print(f"portal     {portal:6.1f}/s   {portal / limit:.3f} of the limit, {portal / bare:.3f} of the bare task")
    print(f"bare task  {bare:6.1f}/s   {bare / limit:.3f} of the limit")
    if portal / limit < ENOUGH:
        print(f"too slow: at least {ENOUGH} of the limit is wanted", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
