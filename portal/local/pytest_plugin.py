"""pytest on a throw-away PostgreSQL and Valkey, started before Django's settings are read.

Loaded by `-p` in pyproject.toml. The developer's own environment and database are never used: every variable that
`.env.example` names is taken away first. With xdist one cluster serves all workers, with a database each.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from portal.local.browser import chromium
from portal.local.embedded import RUNTIME, Place, Postgres, Valkey, ensure_roles
from portal.local.environment import documented_variables
from portal.local.processes import LocalError, spawn, stop, wait_until

PREFIX = "patchbay-tests-"
PLACE_VARIABLE = "PATCHBAY_TEST_PLACE"
REQUIRE_BROWSER = "PATCHBAY_REQUIRE_BROWSER"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, object, object]:
    """A wrapper, so that it comes before pytest-django reads the settings."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        os.environ[PLACE_VARIABLE] = str(_start_stack(early_config))
    _point_settings_at(test_place(), worker)
    return (yield)


def test_place() -> Place:
    """Where this run's embedded stack lives."""
    return Place(Path(os.environ[PLACE_VARIABLE]))


test_place.__test__ = False  # type: ignore[attr-defined]


def _start_stack(config: pytest.Config) -> Path:
    _remove_what_killed_runs_left()
    directory = Path(tempfile.mkdtemp(prefix=PREFIX))
    directory.chmod(0o755)
    lock = _locked(directory)
    running = throw_away_stack(Place(directory))
    try:
        running.__enter__()
    except (LocalError, OSError) as error:
        shutil.rmtree(directory, ignore_errors=True)
        raise pytest.UsageError(f"the tests' database or broker did not start: {error}") from error

    def clean_up() -> None:
        running.__exit__(None, None, None)
        shutil.rmtree(directory, ignore_errors=True)
        lock.close()

    config.add_cleanup(clean_up)
    return directory


@contextmanager
def throw_away_stack(place: Place) -> Generator[tuple[Postgres, Valkey]]:
    """PostgreSQL and Valkey without durability in `place`, ended (not removed) afterwards."""
    place.prepare()
    postgres, valkey = Postgres(place, throw_away=True), Valkey(place, throw_away=True)
    parts: list[Postgres | Valkey] = [postgres, valkey]
    children = []
    try:
        for part in parts:
            part.prepare()
            children.append((spawn(part.command()), part.command().stop_signal))
        for part, (child, _) in zip(parts, children, strict=True):
            wait_until(part.answers, child, what=type(part).__name__, log=part.log, seconds=60)
        ensure_roles(postgres)
        yield postgres, valkey
    finally:
        stop(children, grace=5)
        place.remove_sockets()


def _point_settings_at(place: Place, worker: str | None) -> None:
    """Only the variables of this run: no test may depend on what the developer happens to export."""
    number = int(worker.removeprefix("gw")) if worker else 0
    static = place.var / "static"
    static.mkdir(exist_ok=True)
    postgres, valkey = Postgres(place), Valkey(place)
    for name in documented_variables():
        os.environ.pop(name, None)
    os.environ |= {
        "DEBUG": "1",  # no TLS; Django itself runs tests with settings.DEBUG = False
        "DATABASE_URL": postgres.url(RUNTIME),
        "BROKER_URL": valkey.broker_url(2 * number),
        "CACHE_URL": valkey.cache_url(2 * number + 1),
        "STATIC_ROOT": str(static),
        # Playwright's event loop lives in the main thread, and Django takes that for asynchronous code.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
    }


def _locked(directory: Path) -> TextIO:
    lock = (directory / "lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return lock


def _remove_what_killed_runs_left() -> None:
    for directory in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            lock = _locked(directory)
        except OSError:
            continue  # in use, just being made, or somebody else's
        shutil.rmtree(directory, ignore_errors=True)
        lock.close()


# --- Browser tests must not vanish silently -------------------------------------------------------------------------


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if chromium() is not None:
        return
    if os.environ.get(REQUIRE_BROWSER):
        raise pytest.UsageError(f"{REQUIRE_BROWSER} is set, but there is no chromium on PATH")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason="there is no chromium on PATH"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if chromium() is None:
        terminalreporter.write_line("!!! BROWSER TESTS WERE SKIPPED: there is no chromium on PATH !!!", red=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Under PATCHBAY_REQUIRE_BROWSER a run in which no browser test passed has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get(REQUIRE_BROWSER) or os.environ.get("PYTEST_XDIST_WORKER") or exitstatus or reporter is None:
        return
    if not any("browser" in report.keywords for report in reporter.stats.get("passed", [])):
        reporter.write_line(f"!!! {REQUIRE_BROWSER} is set, but no browser test passed !!!", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
