"""PostgreSQL and Valkey from wheels: wherever the checkout lies, whoever starts it, and after a crash."""

import os
import signal
import stat
from pathlib import Path

import environ
import pytest
from kombu import Connection as BrokerConnection
from redis import Redis

from portal.local.embedded import LONGEST_SOCKET_PATH, OWNER, RUNTIME, SOCKET_NAME, STAFF, Place, Postgres, Valkey
from portal.local.processes import spawn, stop, wait_until
from portal.local.pytest_plugin import test_place, throw_away_stack

ROLES = "select rolname from pg_roles where rolname like 'portal%' and (rolsuper or rolbypassrls or rolcreaterole)"


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    made.prepare()
    yield made
    made.remove_sockets()


def test_sockets_fit_however_deep_the_checkout_lies(tmp_path):
    deep = Place(tmp_path / ("x" * 90) / "var")
    assert len(str(Postgres(deep).socket_directory / f"{SOCKET_NAME}.lock")) <= LONGEST_SOCKET_PATH
    assert deep.sockets != Place(tmp_path / ("y" * 90) / "var").sockets


def test_it_runs_in_a_closed_home_with_a_space_and_leaves_it_closed(tmp_path):
    home = tmp_path / "my home+office"
    home.mkdir(mode=0o700)
    place = Place(home / "var")
    with throw_away_stack(place) as (postgres, valkey):
        settings = environ.Env.db_url_config(postgres.url(RUNTIME))
        assert (settings["HOST"], settings["NAME"]) == (str(postgres.socket_directory), "portal")
        assert postgres.connect("portal", RUNTIME).execute("select current_user").fetchone() == (RUNTIME,)
        Redis.from_url(valkey.cache_url(3)).set("kept", "in 3")
        with BrokerConnection(valkey.broker_url(3)) as broker:
            assert broker.channel().client.get("kept") == b"in 3"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGQUIT])
def test_a_killed_postgres_starts_again_with_its_data(place, signal_number):
    postgres = Postgres(place)
    for keep in ("create table kept as select 7 as n", "select n from kept"):
        postgres.prepare()
        child = spawn(postgres.command())
        try:
            wait_until(postgres.answers, child, what="postgres", log=postgres.log, seconds=30)
            answer = postgres.connect().execute(keep)
        finally:
            stop([(child, signal_number)], grace=10)
    assert answer.fetchone() == (7,)


def test_a_pid_file_that_names_another_process_is_no_obstacle(place):
    postgres = Postgres(place, throw_away=True)
    postgres.prepare()
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n")
    postgres.prepare()
    assert not (postgres.data / "postmaster.pid").exists()


def test_no_role_of_the_portal_is_above_row_level_security():
    with Postgres(test_place()).connect() as connection:
        assert connection.execute("select count(*) from pg_roles where rolname like 'portal%'").fetchone() == (3,)
        assert connection.execute(ROLES).fetchall() == []


@pytest.mark.parametrize("role", [OWNER, RUNTIME])
def test_staff_rights_are_entered_and_never_inherited(role):
    with Postgres(test_place()).connect() as connection:
        inherited, entered = connection.execute(
            "select pg_has_role(%(role)s, %(staff)s, 'usage'), pg_has_role(%(role)s, %(staff)s, 'set')",
            {"role": role, "staff": STAFF},
        ).fetchone()
    assert (inherited, entered) == (False, True)


def test_nobody_else_can_open_the_sockets():
    for path in (Postgres(test_place()).socket_directory, Valkey(test_place()).socket):
        assert Path(path).stat().st_mode & 0o077 == 0
