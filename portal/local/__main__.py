"""`python -m portal.local up` and `… manage`. Django is not loaded here: its settings need what is made here."""

import argparse
import os
import sys
from collections.abc import Sequence

from portal.local.embedded import Place
from portal.local.environment import CHECKOUT, Plan, given_environment
from portal.local.processes import LocalError
from portal.local.stack import is_running, up

# Only the tables' owner may do these.
OWNER_COMMANDS = {"migrate", "flush", "sqlflush"}


def main(argv: Sequence[str]) -> int:
    try:
        plan = Plan(Place(CHECKOUT / "var"), given_environment())
        if argv[:1] == ["manage"]:
            manage(plan, argv[1:])
        up(plan, _port(argv, plan.given.get("PORT", "8000")))
    except LocalError as error:
        return _complain(str(error))
    except OSError as error:
        return _complain(f"{error.strerror or error}: {error.filename or 'var/'}")
    return 0


def manage(plan: Plan, argv: Sequence[str]) -> None:
    """Become manage.py, on the running stack."""
    if plan.postgres and not is_running(plan.place):
        raise LocalError("nothing runs in this directory: start it with make run")
    owner = argv and argv[0] in OWNER_COMMANDS
    env = plan.owner_environment() if owner else plan.sandbox_environment()
    os.chdir(CHECKOUT)
    os.execve(sys.executable, [sys.executable, "manage.py", *argv], env)


def _port(argv: Sequence[str], default: str) -> int:
    parser = argparse.ArgumentParser(prog="python -m portal.local")
    parser.add_argument("command", choices=["up", "manage"])
    parser.add_argument("--port", default=default)
    port = parser.parse_args(argv).port
    if not (port.isdecimal() and 0 < int(port) < 65536):
        raise LocalError(f"PORT is a number from 1 to 65535, and not {port!r}")
    return int(port)


def _complain(sentence: str) -> int:
    print(f"patchbay: {sentence}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
