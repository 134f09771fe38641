"""A real stack for a benchmark: PostgreSQL with its durability on, a broker, a vendor sandbox, and a database of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from portal.local.embedded import OWNER, RUNTIME, Place, Postgres, Valkey, ensure_roles
from portal.local.environment import CHECKOUT
from portal.local.processes import Command, spawn, stop, wait_until
from sandbox.process import SandboxProcess, running_sandbox


@dataclass
class Stack:
    """`env` makes any process part of it; `start` runs one until the stack ends."""

    place: Place
    env: dict[str, str]
    sandbox: SandboxProcess
    children: list[tuple[subprocess.Popen[bytes], object]]

    def start(self, name: str, *argv: str, env: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        command = Command(argv, self.place.logs / f"{name}.log", {**self.env, **(env or {})}, CHECKOUT)
        child = spawn(command)
        self.children.append((child, command.stop_signal))
        return child


@contextmanager
def running_stack(**settings: str) -> Iterator[Stack]:
    """Start everything, migrate, and set up Django in this process too. `settings` are environment variables."""
    with tempfile.TemporaryDirectory(prefix="patchbay-bench-") as directory, ExitStack() as undo:
        Path(directory).chmod(0o755)
        place = Place(Path(directory) / "var")
        place.prepare()
        postgres, valkey = Postgres(place), Valkey(place)
        children: list = []
        undo.callback(lambda: place.remove_sockets())
        undo.callback(lambda: stop(list(reversed(children)), grace=10))
        for part in (postgres, valkey):
            part.prepare()
            children.append((spawn(part.command()), part.command().stop_signal))
            wait_until(part.answers, children[-1][0], what=type(part).__name__, log=part.log, seconds=60)
        ensure_roles(postgres)
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "DEBUG": "1",
            "LOG_LEVEL": "ERROR",
            "DATABASE_URL": postgres.url(RUNTIME),
            "BROKER_URL": valkey.broker_url(0),
            "CACHE_URL": valkey.cache_url(1),
            **settings,
        }
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            env={**env, "DATABASE_URL": postgres.url(OWNER)},
            cwd=CHECKOUT,
            check=True,
        )
        os.environ |= env
        import django

        django.setup()
        sandbox = undo.enter_context(running_sandbox())
        yield Stack(place, env, sandbox, children)
