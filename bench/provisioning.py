"""Subscribers created per second through the whole path, against what the vendor's latency allows.

The Celery workers of `make run`, with THREADS threads in all, create subscribers over many connections: journal, lease,
attempt, call log, audit and mirror included. The limit is THREADS / latency, since a thread that waits for the vendor can do
nothing else. The baseline is a bare Celery task that makes the same POST with a kept-alive connection and writes nothing at all.
Both run in the same minute on the same machine, in turns, and the medians are compared.

    python -m bench.provisioning [--subscribers 1200] [--latency 0.25] [--threads 20] [--rounds 3]
"""

import argparse
import statistics
import sys
import time

from bench.stack import Stack, running_stack
from portal.local.stack import WORKER_PROCESSES, worker_command

TENANTS = 12
CONNECTIONS = 4
ENOUGH = 0.90
TASK = "bench.bare_task.create"


def main() -> int:
    arguments = _arguments()
    with running_stack(DATABASE_POOL_SIZE=str(arguments.threads + 4), SYNC_SECONDS="3600") as stack:
        lanes = _make_lanes(stack, arguments.rounds * arguments.subscribers)
        stack.sandbox.control.set_latency(arguments.latency)
        _start_workers(stack, arguments.threads)
        _warm_up(stack, lanes)
        portal, bare = [], []
        for number in range(arguments.rounds):
            bare.append(_bare(stack, arguments.subscribers, number))
            portal.append(_portal(lanes, arguments.subscribers, number))
            print(f"round {number + 1}: portal {portal[-1]:6.1f}/s   bare task {bare[-1]:6.1f}/s", flush=True)
    return _report(arguments, statistics.median(portal), statistics.median(bare))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--subscribers", type=int, default=1200, help="per round")
    parser.add_argument("--latency", type=float, default=0.25, help="of the vendor, in seconds")
    parser.add_argument("--threads", type=int, default=20, help="of the workers, in all")
    parser.add_argument("--rounds", type=int, default=3)
    return parser.parse_args()


def _make_lanes(stack: Stack, subscribers: int) -> list[tuple[int, int]]:
    """(tenant, connection) of accounts with stock for everything that will be created."""
    from portal.tenancy.models import Tenant
    from portal.tenancy.scope import staff_scope, tenant_scope
    from provisioning import sync
    from tests.fixtures.video import SECRET, make_connection

    lanes = []
    for number in range(TENANTS):
        with staff_scope():
            tenant = Tenant.objects.create(name=f"Tenant {number}", slug=f"tenant-{number}")
        for position in range(CONNECTIONS):
            client_id = f"client-{number}-{position}"
            stack.sandbox.control.put_account(client_id, SECRET)
            stack.sandbox.control.order_behind(client_id, "increment", subscribers)
            with tenant_scope(tenant.pk):
                connection = make_connection(tenant, client_id, stack.sandbox, name=client_id)
            sync.read_connection(tenant.pk, connection.pk)
            lanes.append((tenant.pk, connection.pk))
    return lanes


def _start_workers(stack: Stack, threads: int) -> None:
    for number in range(1, WORKER_PROCESSES + 1):
        module = worker_command(f"worker-{number}", threads // WORKER_PROCESSES)
        stack.start(f"worker-{number}", sys.executable, "-m", *map(str, module), "--include", "bench.bare_task")


def _warm_up(stack: Stack, lanes: list[tuple[int, int]]) -> None:
    """Every lane has its token and every thread its database connection before anything is timed."""
    _portal(lanes, len(lanes), -1)
    _bare(stack, 40, -1)


def _portal(lanes: list[tuple[int, int]], subscribers: int, round_number: int) -> float:
    """Promise them all, then ring, and time until the last one is done."""
    from portal.operations import bells

    rung = []
    for position, (tenant_id, connection_id) in enumerate(lanes):
        share = subscribers // len(lanes) + (position < subscribers % len(lanes))
        rung.append((tenant_id, connection_id, _promise(tenant_id, connection_id, share, round_number)))
    started = time.monotonic()
    for bell in rung:
        bells.ring(*bell)
    _wait_until_done()
    return subscribers / (time.monotonic() - started)


def _promise(tenant_id: int, connection_id: int, number: int, round_number: int) -> str:
    """Journal entries without their bells, so that the clock starts with the first one. Returns the lane."""
    from unittest.mock import patch

    from portal.tenancy.scope import tenant_scope
    from provisioning.models import Product
    from provisioning.operations import create_subscriber

    with patch("portal.operations.bells.ring"), tenant_scope(tenant_id):
        product = Product.objects.select_related("connection__tenant").get(connection_id=connection_id)
        for each in range(number):
            create_subscriber(product, f"user-{round_number}-{each}".replace("--", "-w"), acting_user=None)
    return product.lane


def _wait_until_done() -> None:
    from portal.operations.models import Operation
    from portal.tenancy.scope import staff_scope

    while True:
        with staff_scope():
            if not Operation.objects.open().exists():
                break
        time.sleep(0.05)


def _bare(stack: Stack, subscribers: int, round_number: int) -> float:
    from celery import current_app

    from sandbox.control import SandboxControl

    client_id = f"bare-{round_number}"
    control: SandboxControl = stack.sandbox.control
    control.put_account(client_id, "s3cret")
    control.order_behind(client_id, "increment", subscribers)
    token = _token(stack, client_id)
    started = time.monotonic()
    for number in range(subscribers):
        current_app.send_task(
            TASK, args=[stack.sandbox.kandy_url, token, f"user{number}"], queue="operations", retry=False
        )
    while len(control.ledger(client_id, kind="subscriber_created")) < subscribers:
        time.sleep(0.05)
    return subscribers / (time.monotonic() - started)


def _token(stack: Stack, client_id: str) -> str:
    import requests

    form = {"client_id": client_id, "client_secret": "s3cret"}
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
