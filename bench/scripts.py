"""How soon a call gets its script from a real web process: at rest, and while PostgreSQL does not answer at all.

Callers keep their connections, as the vendor's platform does, and ask for many scripts in turn. The baseline is the page that
only says that the process is there (`/healthz`), asked in turns with the scripts in the same run.

    python -m bench.scripts [--calls 2000] [--scripts 200] [--callers 4]
"""

import argparse
import os
import signal
import socket
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

from bench.stack import Stack, running_stack
from portal.local.processes import wait_until

LIMIT_MS = 50.0
TEXT = "<document>\n  <work>\n    <answer/>\n    <speak>Hello {{ caller_id_number }}</speak>\n  </work>\n</document>\n"


def main() -> int:
    arguments = _arguments()
    with running_stack() as stack:
        paths = _published(arguments.scripts)
        port = _start_web(stack)
        worst = {"baseline": _round(port, ["/healthz"], arguments), "at rest": _round(port, paths, arguments)}
        postgres = stack.children[0][0].pid
        os.kill(postgres, signal.SIGSTOP)
        _each_backend(postgres, signal.SIGSTOP)
        try:
            # Every script has been seen by then, as on a portal that runs; what is remembered is not fresh any more.
            time.sleep(2.5)
            worst["no database"] = _round(port, paths, arguments)
        finally:
            _each_backend(postgres, signal.SIGCONT)
            os.kill(postgres, signal.SIGCONT)
    return 0 if all(most <= LIMIT_MS for name, most in worst.items() if name != "baseline") else _too_slow()


def _too_slow() -> int:
    print(f"too slow: 99 of 100 calls have to be answered within {LIMIT_MS:g} ms", file=sys.stderr)
    return 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=2_000, help="in each round")
    parser.add_argument("--scripts", type=int, default=200)
    parser.add_argument("--callers", type=int, default=4, help="at once")
    return parser.parse_args()


def _published(number: int) -> list[str]:
    """Paths of so many scripts of one company."""
    from portal.tenancy.models import Tenant, User
    from portal.tenancy.scope import staff_scope, tenant_scope
    from telephony.scripts import authoring

    with staff_scope():
        tenant = Tenant.objects.create(name="Acme", slug="acme")
        alice = User.objects.create(email="alice@example.com")
    paths = []
    for each in range(number):
        with tenant_scope(tenant.pk):
            script = authoring.create_script(tenant, f"Script {each}", TEXT, acting_user=alice)
            authoring.publish(script, authoring.latest_version(script), acting_user=alice)
            paths.append(authoring.path_of(script))
    return paths


def _start_web(stack: Stack) -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    child = stack.start(
        "web", sys.executable, "-m", "uvicorn", "portal.asgi:application", "--port", str(port), "--log-level", "error",
        "--no-access-log",
    )  # fmt: skip
    wait_until(lambda: _answers(port), child, what="web", log=stack.place.logs / "web.log", seconds=60)
    return port


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _each_backend(postgres: int, number: signal.Signals) -> None:
    """PostgreSQL's own processes go on although their parent sleeps."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and _parent_of(entry.name) == postgres:
            os.kill(int(entry.name), number)


def _parent_of(process: str) -> int | None:
    try:
        return int(Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])
    except OSError:
        return None


def _round(port: int, paths: list[str], arguments: argparse.Namespace) -> float:
    """Prints the times in milliseconds and returns within how many 99 of 100 calls were answered."""

    def ask(caller: int) -> list[float]:
        return _calls(port, paths, arguments.calls // arguments.callers, caller)

    with ThreadPoolExecutor(arguments.callers) as callers:
        times = sorted(took for some in callers.map(ask, range(arguments.callers)) for took in some)
    most = statistics.quantiles(times, n=100)[98]
    name = paths[0] if len(paths) == 1 else f"{len(paths)} scripts"
    print(
        f"{name:14} median {statistics.median(times):6.2f} ms   99 of 100 {most:6.2f} ms   longest {times[-1]:6.2f} ms",
        flush=True,
    )
    return most


def _calls(port: int, paths: list[str], number: int, caller: int) -> list[float]:
    connection, times = HTTPConnection("127.0.0.1", port, timeout=10), []
    for each in range(number):
        path = paths[(caller + each) % len(paths)]
        began = time.perf_counter()
        connection.request("GET", f"{path}?caller_id_number=%2B31612345678" if path.startswith("/scripts/") else path)
        answer = connection.getresponse()
        body = answer.read()
        times.append(1_000 * (time.perf_counter() - began))
        if answer.status != 200 or (path.startswith("/scripts/") and b"+31612345678" not in body):
            raise SystemExit(f"{path} answered {answer.status}")
    connection.close()
    return times


if __name__ == "__main__":
    sys.exit(main())
