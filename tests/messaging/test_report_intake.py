"""The reports endpoint: keys x tenants x tampering, and what is left behind of each."""

import asyncio
import hashlib
import hmac
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError
from django.test import Client

from messaging.models import Report, SmsAccount, UnverifiedReport
from messaging.reports import intake, refused
from messaging.reports.addresses import NoSuchAddress, address_of, inbound_url, report_url
from portal.asgi import application
from portal.tenancy.scope import staff_scope, tenant_scope
from tests.messaging.mailroom import make_connection, some_campaign
from tests.messaging.vendor_post import path_of, post, report_body, signature, some_key, some_sending

ANNA = "+31612345671"
OWN, THEIRS = "secret-of-acme", "secret-of-globex"


@pytest.fixture(autouse=True)
def _fresh():
    intake.keyring.forget()
    refused.keys_wanted.__init__()
    refused.tally.__init__()


@pytest.fixture
def sending(mailroom):
    with mailroom.scope():
        return some_sending(some_campaign(mailroom.connection, [ANNA]))


@pytest.fixture
def globex(mailroom, cast):
    """Charlie's connection, with a sending to Anna too and a key of its own."""
    with tenant_scope(cast.globex.pk):
        connection = make_connection(cast.globex, "globex-sms", mailroom.sandbox, name="Globex SMS")
        some_key(connection, "wk_globex", THEIRS)
        return some_sending(some_campaign(connection, [ANNA]))


def stored() -> int:
    with staff_scope():
        return Report.objects.count()


def refusals() -> dict[str, int]:
    refused.tally.write()
    with staff_scope():
        return dict(UnverifiedReport.objects.values_list("reason", "count"))


# --- Keys x tenants -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "status"), [("staged", 200), ("active", 200), ("retiring", 200), ("retired", 401), (None, 401)]
)
@pytest.mark.parametrize("header", ["wk_1", "", "wk_of_somebody"])
def test_staged_active_and_retiring_keys_are_believed(mailroom, sending, state, status, header):
    if state:
        with mailroom.scope():
            some_key(mailroom.connection, "wk_1", OWN, state)
    assert post(path_of(sending), report_body(ANNA, 1), secret=OWN, key_id=header) == status
    assert stored() == (status == 200)


@pytest.mark.parametrize("header", ["wk_globex", "wk_1", ""])
@pytest.mark.parametrize("key_state", ["active", "retired", None])
def test_another_tenants_key_opens_nothing(mailroom, sending, globex, header, key_state):
    """Whatever keys Acme has, and whichever key the post names."""
    if key_state:
        with mailroom.scope():
            some_key(mailroom.connection, "wk_1", OWN, key_state)
    assert post(path_of(sending), report_body(ANNA, 1), secret=THEIRS, key_id=header) == 401
    assert post(path_of(globex), report_body(ANNA, 1), secret=THEIRS, key_id="wk_globex") == 200
    with mailroom.scope():
        assert not Report.objects.exists()


def test_another_connections_key_of_the_same_tenant_opens_nothing(mailroom, sending):
    with mailroom.scope():
        second = make_connection(mailroom.tenant, "acme-second", mailroom.sandbox, name="Second")
        some_key(second, "wk_second", THEIRS)
        some_key(mailroom.connection, "wk_1", OWN)
    assert post(path_of(sending), report_body(ANNA, 1), secret=THEIRS, key_id="wk_second") == 401
    assert stored() == 0


def test_a_key_that_is_named_is_the_only_one_that_is_tried(mailroom, sending):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
        some_key(mailroom.connection, "wk_2", "another-secret", "staged")
    assert post(path_of(sending), report_body(ANNA, 1), secret=OWN, key_id="wk_2") == 401
    assert post(path_of(sending), report_body(ANNA, 1), secret=OWN, key_id="wk_1") == 200


def test_a_key_whose_secret_is_not_known_is_no_key(mailroom, sending):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", "")
    assert post(path_of(sending), report_body(ANNA, 1), secret="", key_id="wk_1") == 401


# --- Tampering ----------------------------------------------------------------------------------------------------------

BODY = report_body(ANNA, 1)
GOOD = signature(BODY, OWN)
OTHER = report_body(ANNA, 4)
TAMPERED = {
    "a byte of the body": (BODY.replace(b'"StatusCode": 1', b'"StatusCode": 4'), GOOD),
    "a byte more": (BODY + b" ", GOOD),
    "truncated": (BODY[:-5], GOOD),
    "empty": (b"", GOOD),
    "a letter of the signature": (BODY, ("0" if GOOD[0] != "0" else "1") + GOOD[1:]),
    "a shorter signature": (BODY, GOOD[:-2]),
    "no signature": (BODY, ""),
    "another body's signature": (OTHER, GOOD),
    "a prefix": (BODY, f"sha256={GOOD}"),
    "not hex": (BODY, "é" * 64),
    "another hash": (BODY, hmac.new(OWN.encode(), BODY, hashlib.sha512).hexdigest()),
    "a plain digest": (BODY, hashlib.sha256(BODY).hexdigest()),
}


@pytest.mark.parametrize("what", TAMPERED)
@pytest.mark.parametrize("key_state", ["staged", "active", "retiring", "retired"])
def test_what_was_tampered_with_is_refused(mailroom, sending, what, key_state):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN, key_state)
    body, signed = TAMPERED[what]
    assert post(path_of(sending), body, **{"X-KPN-Webhook-Signature": signed}) == 401
    assert stored() == 0
    assert sum(refusals().values()) == 1


def test_the_same_body_untouched_is_taken(mailroom, sending):
    """Without this the refusals above prove nothing."""
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
    assert post(path_of(sending), BODY, **{"X-KPN-Webhook-Signature": GOOD}) == 200
    assert post(path_of(sending), OTHER, **{"X-KPN-Webhook-Signature": signature(OTHER, OWN).upper()}) == 200
    assert stored() == 2


def test_too_much_is_not_taken(mailroom, sending):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
    whole = b"{" + b" " * (intake.MOST_BYTES - 2) + b"}"
    assert post(path_of(sending), whole, secret=OWN) == 200
    assert post(path_of(sending), whole + b" ", secret=OWN) == 413
    assert refusals() == {"too_large": 1}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_a_post_is_taken(mailroom, sending, method):
    assert Client().generic(method, path_of(sending)).status_code == 405


def test_it_need_be_no_json(mailroom, sending):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
    assert post(path_of(sending), b"\xff\x00 not JSON", secret=OWN) == 200


# --- Addresses ----------------------------------------------------------------------------------------------------------


def test_a_replay_at_another_address_changes_nothing(mailroom, sending, globex):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
        other = some_sending(some_campaign(mailroom.connection, [ANNA], name="Summer"))
    body = report_body(ANNA, 1)
    assert post(path_of(sending), body, secret=OWN) == 200
    assert post(path_of(other), body, secret=OWN) == 200
    assert post(path_of(globex), body, secret=OWN) == 401
    assert stored() == 1


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_stranger_learns_nothing(mailroom, sending, method):
    path = path_of(sending)
    place, token = path[: path.rindex("/") + 1], path[path.rindex("/") + 1 :]
    changed = ("A" if token[0] != "A" else "B") + token[1:]
    for guess in ("", "x", changed, token[:-1], token + "A", "é" * 54, token.swapcase(), "../admin", token + "/"):
        response = Client().generic(method, place + guess)
        assert (response.status_code, response.content) == (404, b"")


def test_an_address_for_reports_is_none_for_inbound_messages(mailroom, sending):
    assert Client().post(path_of(sending).replace("/reports/", "/inbound/")).status_code == 404


def test_every_sealing_key_is_believed_and_the_first_makes(mailroom, sending, settings):
    from cryptography.fernet import Fernet

    old = path_of(sending)
    settings.SEALING_KEYS = [Fernet.generate_key().decode(), *settings.SEALING_KEYS]
    assert path_of(sending) != old
    assert address_of(path_of(sending)) == address_of(old)
    settings.SEALING_KEYS = settings.SEALING_KEYS[:1]
    with pytest.raises(NoSuchAddress):
        address_of(old)


def test_addresses_tell_whose_they_are(mailroom, sending, settings):
    assert report_url(sending).startswith(f"{settings.PORTAL_URL}/sms/reports/")
    whose = address_of(path_of(sending))
    assert (whose.tenant_id, whose.connection_id, whose.sending_id) == (
        sending.tenant_id,
        sending.connection_id,
        sending.pk,
    )
    assert address_of(inbound_url(mailroom.connection).removeprefix(settings.PORTAL_URL)).sending_id == 0


# --- What is left behind ------------------------------------------------------------------------------------------------


def test_refused_posts_are_counted_by_few_writes(mailroom, sending, django_assert_num_queries):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
        some_key(mailroom.connection, "wk_old", "old-secret", "retired")
    for _ in range(20):
        post(path_of(sending), BODY, secret="wrong")
    post(path_of(sending), BODY, secret="old-secret", key_id="wk_old")
    assert refusals() == {"wrong_signature": 20, "retired_key": 1}
    post(path_of(sending), BODY, secret="wrong")
    assert refusals()["wrong_signature"] == 21


def test_an_unknown_key_has_the_vendors_keys_read_again(mailroom, sending):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
        assert SmsAccount.objects.get().keys_asked_at is None
    assert post(path_of(sending), BODY, secret="new", key_id="wk_new") == 401
    with mailroom.scope():
        first = SmsAccount.objects.get().keys_asked_at
        assert first is not None
    refused.keys_wanted.__init__()
    assert post(path_of(sending), BODY, secret="new", key_id="wk_new") == 401
    with mailroom.scope():
        assert SmsAccount.objects.get().keys_asked_at == first


def test_a_wrong_signature_has_nothing_read_again(mailroom, sending):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
    assert post(path_of(sending), BODY, secret="wrong", key_id="wk_1") == 401
    with mailroom.scope():
        assert SmsAccount.objects.get().keys_asked_at is None


def test_without_the_database_the_vendor_is_asked_to_come_again(mailroom, sending, monkeypatch):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)

    def away(*_args):
        raise OperationalError("the database is away")

    monkeypatch.setattr(intake, "_store", away)
    assert post(path_of(sending), BODY, secret=OWN) == 503
    assert stored() == 0


def test_a_key_is_known_without_asking_the_database_for_two_seconds(mailroom, sending, django_assert_num_queries):
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
    post(path_of(sending), BODY, secret=OWN)
    # A transaction of its own, with the scope and the one INSERT.
    with django_assert_num_queries(4):
        assert post(path_of(sending), OTHER, secret=OWN) == 200


def test_a_suspended_company_loses_no_report(mailroom, sending):
    with staff_scope():
        mailroom.tenant.state = "suspended"
        mailroom.tenant.save()
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
    assert post(path_of(sending), BODY, secret=OWN) == 200


def test_a_body_that_comes_in_chunks_is_taken_whole(mailroom, sending):
    """Without a length in front, as a proxy may pass it on; by the server that the portal runs in."""
    with mailroom.scope():
        some_key(mailroom.connection, "wk_1", OWN)
    assert posted_in_chunks(path_of(sending), [BODY[:20], BODY[20:]], GOOD) == 200
    assert posted_in_chunks(path_of(sending), [BODY, b"x" * intake.MOST_BYTES], GOOD) == 413
    assert stored() == 1


def posted_in_chunks(path: str, chunks: list[bytes], signed: str) -> int:
    """In a thread of its own: a browser's event loop may be running in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _post_in_chunks(path, chunks, signed)).result()


async def _post_in_chunks(path: str, chunks: list[bytes], signed: str) -> int:
    headers = {"host": "localhost", "transfer-encoding": "chunked", "x-kpn-webhook-signature": signed}
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "query_string": b"",
        "scheme": "http",
        "http_version": "1.1",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "server": ("localhost", 80),
        "client": ("127.0.0.1", 1),
    }
    parts = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    parts.append({"type": "http.request", "body": b"", "more_body": False})
    statuses = []

    async def receive():
        return parts.pop(0)

    async def send(message):
        statuses.append(message.get("status"))

    await application(scope, receive, send)
    return statuses[0]
