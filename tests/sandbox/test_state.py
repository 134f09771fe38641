import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests

from sandbox.accounts import get_account, put_account
from sandbox.control import ControlError, SandboxControl
from sandbox.process import PROJECT, SandboxDidNotStart, SandboxProcess
from sandbox.store import ADDED_COLUMNS, Store
from tests.sandbox.caller import assert_refused


def test_everything_survives_a_kill(acme, control, sandbox):
    control.set_latency(0.01)
    control.add_fault("delay", path="/nothing", seconds=9)
    acme.order(5)
    acme.subscribe("ann")
    before = control.account("acme"), control.ledger(), control.faults(), control.settings()
    url = sandbox.base_url
    sandbox.restart()
    assert sandbox.base_url == url
    assert (control.account("acme"), control.ledger(), control.faults(), control.settings()) == before
    assert acme.inventory() == (5, 4)


def test_the_quota_survives_a_kill(acme, control, sandbox):
    control.put_account("acme", quota_limit=1, quota_interval=5)
    acme.call("GET", "/order")
    sandbox.restart()
    assert acme.call("GET", "/order").status_code == 429


def test_late_work_and_late_orders_are_done_after_a_kill(acme, control, sandbox):
    control.put_account("acme", fulfil_after=0.3)
    acme.order(5)
    control.add_fault("late_work", method="POST", seconds=0.3, status=504, times=1)
    acme.order(7)
    sandbox.kill()
    time.sleep(0.3)
    sandbox.start()
    control.wait_until_quiet()
    assert acme.inventory() == (12, 12)
    effects = [(entry["kind"], entry["facts"]["quantity"], entry["cause"]) for entry in orders_in(control)]
    assert sorted(effects) == [
        ("order_fulfilled", 5, "call"),
        ("order_fulfilled", 7, "late_work"),
        ("order_taken", 5, "call"),
        ("order_taken", 7, "late_work"),
    ]


def orders_in(control):
    return [entry for entry in control.ledger("acme") if entry["kind"].startswith("order_")]


def test_the_ledger_agrees_with_the_truth_after_kills_in_full_flight(acme, control, sandbox):
    acme.order(200)
    control.set_latency(0.02)

    def subscribe(number):
        with suppress(requests.ConnectionError):
            return acme.subscribe(f"user{number}").status_code == 201
        return False

    with ThreadPoolExecutor(16) as pool:
        for start in (0, 60, 120):
            told = pool.map(subscribe, range(start, start + 60))
            time.sleep(0.05)
            sandbox.restart()
            assert sum(told) <= control.account("acme")["in_use"]
    control.wait_until_quiet()
    state = control.account("acme")
    created = [entry["facts"]["username"] for entry in control.ledger("acme", "subscriber_created")]
    assert sorted(created) == sorted(row["username"] for row in state["subscribers"])
    assert len(created) == len(set(created)) == state["in_use"] == 200 - state["available"]
    assert created


def test_a_caller_that_hangs_up_does_not_stop_the_work(acme, control):
    acme.token  # noqa: B018 - asked for before calls become slow
    control.set_latency(0.3)
    with pytest.raises(requests.ReadTimeout):
        acme.order(5, timeout=0.05)
    control.wait_until_quiet()
    assert len(control.ledger("acme", "order_taken")) == 1


def test_changes_behind_our_back_show_at_the_vendor_and_in_the_ledger(acme, control):
    order = control.order_behind("acme", "increment", 3, at="2026-01-31T23:30:00+01:00")
    control.move_total_behind("acme", -1)
    bob = control.subscribe_behind("acme", "bob")
    assert acme.inventory() == (2, 1)
    assert acme.orders()[0]["order_number"] == order["order_number"]
    assert acme.orders()[0]["created_at"] == "2026-01-31T22:30:00.000000Z"
    control.unsubscribe_behind("acme", bob["subscriber_id"])
    assert acme.inventory() == (2, 2)
    entries = control.ledger("acme")
    assert {entry["cause"] for entry in entries} == {"behind"}
    assert [entry["facts"].get("by") for entry in entries if entry["kind"] == "inventory_changed"] == [3, -1]


def test_the_total_cannot_be_moved_below_what_is_in_use(acme, control):
    control.order_behind("acme", "increment", 1)
    control.subscribe_behind("acme", "bob")
    with pytest.raises(ControlError, match="in use"):
        control.move_total_behind("acme", -1)


def test_an_order_is_settled_once(acme, control):
    order = acme.order(500).json()["order_number"]
    control.reject_order("acme", order)
    with pytest.raises(ControlError, match="rejected already"):
        control.fulfil_order("acme", order)
    assert acme.inventory() == (0, 0)


def test_the_ledger_is_read_page_by_page(acme, globex, control):
    for _ in range(3):
        acme.order(1)
        globex.order(1)
    entries = control.ledger("acme", page_size=2)
    assert len(entries) == 9
    assert [entry["seq"] for entry in entries] == sorted({entry["seq"] for entry in entries})
    assert {entry["client_id"] for entry in entries} == {"acme"}
    assert len(control.ledger()) == 18


def test_reset_forgets_everything_and_stops_what_was_on_its_way(acme, control):
    control.add_fault("delay", method="POST", seconds=0.2)
    with pytest.raises(requests.ReadTimeout):
        acme.order(1, timeout=0.05)
    control.reset()
    control.put_account("acme", "acme's secret")
    control.wait_until_quiet()
    assert control.ledger() == []
    assert control.faults() == []
    assert control.accounts() == ["acme"]
    assert_refused(acme.call("GET", "/order"), 401, "Unauthorized")


@pytest.mark.parametrize("token", ["", "guess"])
def test_without_the_token_the_control_api_does_not_exist(sandbox, control, token):
    with pytest.raises(ControlError, match="404"):
        SandboxControl(sandbox.base_url, token).health()
    control.health()


def test_a_second_sandbox_cannot_take_the_same_state(sandbox):
    with pytest.raises(SandboxDidNotStart):
        SandboxProcess(sandbox.state).start()


def test_a_port_in_use_ends_it_with_one_clear_line(sandbox, tmp_path):
    command = [sys.executable, "-m", "sandbox", "--port", str(sandbox.port), "--state", str(tmp_path / "s.sqlite3")]
    environment = {**os.environ, "SANDBOX_CONTROL_TOKEN": "x"}
    ended = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=10)
    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1
    assert str(sandbox.port) in ended.stderr


def test_a_state_from_before_its_newest_columns_is_opened(tmp_path):
    old = Store(tmp_path / "old.sqlite3")
    for table, column, _definition in ADDED_COLUMNS:
        old.run(f"ALTER TABLE {table} DROP COLUMN {column}")
    old.close()
    store = Store(tmp_path / "old.sqlite3")
    put_account(store, "acme", {"client_secret": "acme's secret"})
    assert get_account(store, "acme")["single_answers"] == "list"
    store.close()
