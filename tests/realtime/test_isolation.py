"""A board never shows another company's call: not by its own stream, nor by anything that is said at the broker."""

import json

import redis
from django.conf import settings

from realtime.board import bell
from realtime.calls.models import LegState
from tests.fixtures.database import superuser
from tests.realtime.boards import ALL_SCOPES, Office, asking, session_of, streaming

ACMES = "+31611111111"
GLOBEX = "+31622222222"


def test_a_board_shows_its_own_companys_calls_whatever_is_said_at_the_broker(transactional_db, cast, portal_server):
    acme = Office(cast.acme, cast.alice, ALL_SCOPES)
    globex = Office(cast.globex, cast.charlie, ALL_SCOPES)
    acme.extension("Acme reception", "201")
    desk, other = acme.extension("Acme desk", "202"), globex.extension("Globex desk", "202")
    with (
        streaming(portal_server, session_of(cast.charlie), "globex") as board,
        streaming(portal_server, session_of(cast.vera), "acme") as acmes,
    ):
        board.until("Globex desk")
        acmes.until("Acme desk")
        call = acme.call(desk, ACMES, LegState.RINGING)
        # Acme's news on Globex's channel, rows that somebody made up, and channels that nobody has.
        broker = redis.Redis.from_url(settings.CACHE_URL)
        forged = json.dumps({"pieces": {f"call-{call.pk}": f"<li>{ACMES}</li>"}, "tenant": cast.acme.pk})
        for channel in (
            bell.channel_of(cast.globex.pk),
            bell.channel_of(cast.acme.pk),
            f"{bell.CHANNEL}x",
            bell.CHANNEL,
        ):
            for message in (forged, str(cast.acme.pk), "", b"\xff\x00"):
                broker.publish(channel, message)
        # The positive control: the same call is on Acme's own board, and Globex's stream is alive.
        assert ACMES in acmes.until(ACMES)
        globex.call(other, GLOBEX, LegState.RINGING)
        seen = board.until(GLOBEX)
    assert ACMES not in seen
    assert "Acme" not in seen
    assert GLOBEX not in acmes.text


def test_the_row_level_wall_holds_where_a_board_is_read(transactional_db, cast):
    """Even a reading that asked for the other company by mistake would find nothing."""
    from portal.tenancy.scope import tenant_scope
    from realtime.board import picture

    acme = Office(cast.acme, cast.alice, ALL_SCOPES)
    acme.call(acme.extension("Acme desk", "202"), ACMES)
    assert superuser().execute("select count(*) from realtime_call").fetchone()[0] == 1
    with tenant_scope(cast.globex.pk):
        seen = picture.read(cast.acme.pk)
    assert (seen.tiles, seen.calls, seen.notes) == ((), (), ())
    with tenant_scope(cast.acme.pk):
        assert len(picture.read(cast.acme.pk).calls) == 1


def test_nobody_gets_the_other_companys_stream_by_its_address(transactional_db, cast, portal_server):
    for person, slug in ((cast.charlie, "acme"), (cast.alice, "globex")):
        with asking(portal_server, session_of(person), slug) as answer:
            assert answer.status == 404
