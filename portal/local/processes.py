"""Child processes that cannot outlive the process which started them, and words for what went wrong with them."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

PR_SET_PDEATHSIG = 1
SIGNS_OF_TROUBLE = ("FATAL", "PANIC", "Error", "error:", "Unknown command")
DISK_FULL = "the disk is full"
_libc = ctypes.CDLL(None, use_errno=True)


class LocalError(Exception):
    """What keeps the local stack from running, as one line for the person at the terminal."""


@dataclass(frozen=True)
class Account:
    """An operating system user that a child runs as, without its groups."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    """How one child is started. `dies_by` is the signal that the kernel sends it when its parent is gone."""

    argv: Sequence[str | Path]
    log: Path
    env: Mapping[str, str]
    cwd: Path
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    dies_by: signal.Signals = signal.SIGKILL
    pass_fds: tuple[int, ...] = ()


def spawn(command: Command) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, its output appended to its log.

    Call it from the main thread only: the kernel sends `dies_by` when the *thread* that forked ends.
    """
    command.log.parent.mkdir(parents=True, exist_ok=True)
    with command.log.open("ab") as log:
        return subprocess.Popen(
            [str(part) for part in command.argv],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(command.env),
            cwd=command.cwd,
            pass_fds=command.pass_fds,
            start_new_session=True,
            # Runs after the change of user, which would clear the setting again.
            preexec_fn=_die_with_parent(command.dies_by),
            **as_account(command.account),
        )


class AsAccount(TypedDict, total=False):
    """The arguments of `subprocess` that name the account of a child."""

    user: int
    group: int
    extra_groups: list[int]


def as_account(account: Account | None) -> AsAccount:
    """Start a child as `account`; with None as ourselves."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def _die_with_parent(with_signal: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def arm() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, int(with_signal))
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)

    return arm


def stop(children: Iterable[tuple[subprocess.Popen[bytes], signal.Signals]], *, grace: float) -> None:
    """Ask all to end at once, wait at most `grace` seconds in all, then kill what is left."""
    children = list(children)
    for child, stop_signal in children:
        if child.poll() is None:
            child.send_signal(stop_signal)
    deadline = time.monotonic() + grace
    for child, _ in children:
        try:
            child.wait(max(0.05, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_until(
    ready: Callable[[], bool], child: subprocess.Popen[bytes], *, what: str, log: Path, seconds: float
) -> None:
    """Return when `ready()`; raise LocalError when the child ends first or time is up."""
    deadline = time.monotonic() + seconds
    while not ready():
        if child.poll() is not None:
            raise LocalError(f"{what} {ending(child.returncode)}: {reason(log)} (log: {log})")
        if time.monotonic() > deadline:
            raise LocalError(f"{what} did not answer within {seconds:.0f} s: {reason(log)} (log: {log})")
        time.sleep(0.02)


def ending(returncode: int) -> str:
    """How a process ended, in words."""
    if returncode < 0:
        return f"was ended by {signal.Signals(-returncode).name}"
    return f"ended with exit code {returncode}"


def reason(log: Path) -> str:
    """The likeliest cause in the end of a log: a full disk by name, else its last line that says something."""
    return reason_in(tail(log))


def reason_in(text: str) -> str:
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return DISK_FULL
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if any(sign in line for sign in SIGNS_OF_TROUBLE)]
    return (telling or lines or ["it said nothing"])[-1]


def tail(log: Path, size: int = 4000) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - size))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
