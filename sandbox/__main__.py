"""`python -m sandbox`: the simulated vendors in one process."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from sandbox.app import build_app, build_sandbox
from sandbox.store import StateInUse, Store


def main() -> int:
    options = _options()
    try:
        store = Store(options.state)
    except StateInUse as error:
        return _fail(f"the state is in use by another sandbox, or cannot be opened: {error}")
    try:
        asyncio.run(_run(store, options))
    except OSError as error:
        return _fail(f"cannot listen on {options.host}:{options.port}: {error.strerror or error}")
    except KeyboardInterrupt:
        return 130
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8900, help="0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, help="the SQLite file that keeps everything")
    parser.add_argument("--control-token", default=os.environ.get("SANDBOX_CONTROL_TOKEN", ""))
    parser.add_argument(
        "--report-speed", type=float, help="divides the times between delivery reports, and keeps it so"
    )
    options = parser.parse_args()
    if not options.control_token:
        parser.error("--control-token or SANDBOX_CONTROL_TOKEN is needed")
    return options


async def _run(store: Store, options: argparse.Namespace) -> None:
    sandbox = build_sandbox(store)
    if options.report_speed:
        sandbox.settings.change(store, {"report_speed": options.report_speed})
    runner = web.AppRunner(build_app(sandbox, options.control_token), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, options.host, options.port, backlog=1024).start()
    # At once, as a vendor's machine would: calls on their way are cut, the state is whole at any moment.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 0)
    port = runner.addresses[0][1]
    print(f"sandbox ready at http://{options.host}:{port}", flush=True)  # noqa: T201 - what the caller waits for
    await asyncio.gather(sandbox.clockwork.run_forever(), sandbox.postman.run_forever())


def _fail(message: str) -> int:
    print(f"sandbox: {message}", file=sys.stderr)  # noqa: T201
    return 1


if __name__ == "__main__":
    sys.exit(main())
