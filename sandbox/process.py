"""A sandbox in a process of its own: started on a free port, killed, restarted with the same state."""

import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.apidaze import APIDAZE
from sandbox.control import SandboxControl
from sandbox.kandy import KANDY
from sandbox.kpn_keys import KPN_KEYS
from sandbox.kpn_sms import KPN_SMS
from sandbox.kpn_token import KPN_TOKEN
from sandbox.kwebbl import KWEBBL

PROJECT = Path(__file__).resolve().parent.parent
READY = "sandbox ready at "


class SandboxDidNotStart(Exception):
    """The process ended before it was ready; its own words are on stderr."""


class SandboxProcess:
    """Keeps its port, its state and its token through every `kill` and `start`."""

    def __init__(self, state: Path, *, port: int = 0, control_token: str = "") -> None:
        self.state = state
        self.port = port
        self.control_token = control_token or secrets.token_urlsafe(16)
        self._process: subprocess.Popen[str] | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def token_url(self) -> str:
        return self.base_url + KPN_TOKEN.base_path

    @property
    def kandy_url(self) -> str:
        return self.base_url + KANDY.base_path

    @property
    def apidaze_url(self) -> str:
        return self.base_url + APIDAZE.base_path

    @property
    def sms_url(self) -> str:
        return self.base_url + KPN_SMS.base_path

    @property
    def keys_url(self) -> str:
        return self.base_url + KPN_KEYS.base_path

    @property
    def kwebbl_url(self) -> str:
        """The base URL of Kwebbl's API; `/authorize` and `/token` lie within it."""
        return self.base_url + KWEBBL.base_path

    @property
    def control(self) -> SandboxControl:
        """A new client each time, so that each thread may have its own."""
        return SandboxControl(self.base_url, self.control_token)

    @property
    def pid(self) -> int:
        return self._running().pid

    def start(self) -> None:
        """Returns when it answers; the first start takes a free port unless one was given."""
        command = [sys.executable, "-m", "sandbox", "--port", str(self.port), "--state", str(self.state)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, env=self._environment()
        )
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line.startswith(READY):
            self._process.wait()
            raise SandboxDidNotStart(f"exit code {self._process.returncode}")
        self.port = int(line.rsplit(":", 1)[1])

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "SANDBOX_CONTROL_TOKEN": self.control_token}

    def kill(self) -> None:
        """kill -9: nothing in the process gets a chance to tidy up."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Killed and started again with the same state on the same port."""
        self.kill()
        self.start()

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._running(), None
        process.send_signal(how)
        process.wait()
        if process.stdout:
            process.stdout.close()

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            raise RuntimeError("the sandbox is not running")
        return self._process

    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None


@contextmanager
def running_sandbox(state: Path | None = None, *, port: int = 0) -> Iterator[SandboxProcess]:
    """A started sandbox, stopped at the end; without a state of its own it takes a temporary one and removes it."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as directory:
        sandbox = SandboxProcess(state or Path(directory) / "sandbox.sqlite3", port=port)
        sandbox.start()
        try:
            yield sandbox
        finally:
            if sandbox.is_running():
                sandbox.stop()
