"""The board's stream from a real web process: who gets one, what it says, and how it ends."""

import signal
import socket
import sys
import time
from contextlib import ExitStack
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from portal.local.processes import wait_until
from portal.support import visits
from portal.tenancy.models import Membership, Tenant
from portal.tenancy.scope import staff_scope
from realtime.calls.models import LegState
from realtime.models import Event
from tests.fixtures.cast import sign_in_with_second_factor
from tests.fixtures.database import superuser
from tests.fixtures.processes import process_log, serving
from tests.realtime.boards import ALL_SCOPES, Office, asking, cookie_of, session_of, streaming


@pytest.fixture
def office(transactional_db, cast) -> Office:
    return Office(cast.acme, cast.alice, ALL_SCOPES)


def test_a_call_rings_is_answered_and_ends_on_an_open_board(office, cast, portal_server):
    reception = office.extension("Reception", "201")
    with streaming(portal_server, session_of(cast.vera)) as board:
        board.until("Reception")
        call = office.call(reception, "+31612345678", LegState.RINGING)
        assert "Ringing" in board.until("+31612345678")
        office.become(call, LegState.TALKING)
        board.until("Talking")
        office.become(call, LegState.ENDED)
        board.until('"calls": []')


def test_a_stream_is_neither_kept_nor_held_back_on_its_way(office, cast, portal_server):
    with asking(portal_server, session_of(cast.vera)) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Accel-Buffering"] == "no"


def test_strangers_get_404_and_support_gets_no_stream(office, cast, portal_server):
    with staff_scope():
        vera = Membership.objects.get(tenant=cast.acme, user=cast.vera)
    sue = Client()
    sign_in_with_second_factor(sue, cast.sue)
    with staff_scope():
        visit = visits.start_visit(cast.acme, member=vera, reason="asked to", minutes=15, acting_user=cast.sue)
    session = sue.session
    session[visits.SESSION_KEY] = {
        "key": str(visit.key),
        "slug": "acme",
        "company": "Acme",
        "until": visit.ends_at.timestamp(),
    }
    session.save()
    assert sue.get("/t/acme/live/").status_code == 200
    for cookie in ("", "sessionid=made-up", session_of(cast.charlie), cookie_of(sue)):
        with asking(portal_server, cookie) as answer:
            assert answer.status == 404
    with asking(portal_server, session_of(cast.vera), slug="nowhere") as answer:
        assert answer.status == 404
    with asking(portal_server, session_of(cast.vera), method="POST") as answer:
        assert answer.status == 405


def test_where_a_second_factor_is_demanded_the_stream_wants_it_too(office, cast, portal_server):
    with staff_scope():
        Tenant.objects.filter(slug="acme").update(require_mfa=True)
    with asking(portal_server, session_of(cast.vera)) as answer:
        assert answer.status == 403


def test_the_stream_of_a_removed_member_ends(office, cast, process_env):
    with (
        serving({**process_env, "BOARD_CHECK_SECONDS": "1"}) as server,
        streaming(server, session_of(cast.vera)) as board,
    ):
        board.beats(1)
        with staff_scope():
            Membership.objects.filter(tenant=cast.acme, user=cast.vera).delete()
        began = time.monotonic()
        list(board.events())
        assert time.monotonic() - began < 5


def test_a_person_has_so_many_boards_open_and_no_more(office, cast, process_env):
    with serving({**process_env, "BOARD_STREAMS_OF_ONE": "1"}) as server:
        vera = session_of(cast.vera)
        with streaming(server, vera):
            with asking(server, vera) as second:
                assert (second.status, second.headers["Retry-After"]) == (503, "10")
            with asking(server, session_of(cast.bob)) as somebody_else:
                assert somebody_else.status == 200


def test_open_boards_hold_no_connection_to_the_database(office, cast, portal_server):
    office.extension("Reception", "201")
    cookie = session_of(cast.vera)
    with ExitStack() as opened:
        boards = [opened.enter_context(streaming(portal_server, cookie)) for _ in range(6)]
        for board in boards:
            board.until("Reception")
        assert _connections_of_others() == 0


def _connections_of_others() -> int:
    """Of processes other than this one, to this test's database."""
    time.sleep(0.5)
    told = superuser().execute(
        "select count(*) from pg_stat_activity where datname = current_database() and usename = 'portal_app'"
        " and state is not null and pid <> %s",
        [_own_backend()],
    )
    return told.fetchone()[0]


def _own_backend() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        return cursor.fetchone()[0]


def test_a_board_says_how_late_it_is_while_events_wait(office, cast, portal_server):
    with office.scope():
        Event.objects.create(
            tenant=cast.acme,
            connection=office.connection,
            subscription_id=1,
            key="waits",
            body=b"{}",
            received_at=timezone.now() - timedelta(seconds=30),
        )
    with streaming(portal_server, session_of(cast.vera)) as board:
        late = board.beats(2)[-1]["late"]
    assert 30 <= late < 90


def test_a_server_that_is_told_to_stop_ends_its_streams_in_time(office, cast, start_process):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url, descriptor = f"http://127.0.0.1:{listening.getsockname()[1]}", listening.fileno()
        web = start_process(
            "web-stopping", sys.executable, "-m", "portal.local.web", str(descriptor), pass_fds=(descriptor,)
        )
    with ExitStack() as opened:
        wait_until(lambda: _answers(url), web, what="web", log=process_log("web-stopping"), seconds=60)
        board = opened.enter_context(streaming(url, session_of(cast.vera)))
        board.beats(1)
        web.send_signal(signal.SIGTERM)
        began = time.monotonic()
        # To its last chunk: a stream that is cut raises IncompleteRead.
        list(board.events())
        assert web.wait(timeout=10) is not None
        assert time.monotonic() - began < 3


def _answers(url: str) -> bool:
    try:
        with asking(url, seconds=2) as answer:
            return answer.status == 404
    except OSError:
        return False
