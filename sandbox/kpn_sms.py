"""KPN's SMS API behind its gateway: one call that sends. What its documents leave open is told in README.md."""

import re
import secrets
import time
import uuid
from dataclasses import dataclass
from typing import Any

from sandbox import kpn_gateway
from sandbox.kpn_sms_numbers import international
from sandbox.kpn_sms_reports import fate_of, plan_reports
from sandbox.kpn_sms_settings import SmsSettings, settings_of
from sandbox.ledger import write_effects
from sandbox.store import Store
from sandbox.wire import JSON, Call, Refusal, Reply, Vendor, decode_object, iso_utc

BASE_PATH = "/communication/kpn/sms"
MOST_MESSAGES = 5000
MOST_IN_A_CALL = 200
LONGEST_TEXT, LONGEST_TEXT_IN_TEST = 1000, 160
LONGEST_SENDER = 11
SHORTEST_VALIDITY_ABROAD = 21
INFO = "https://developer.kpn.com/documentation/kpn-sms-api-documentation"
FIELDS = {"messages", "sender", "webhook_url", "expirein"}
MESSAGE_FIELDS = {"content", "mobile_number"}


@dataclass(frozen=True, slots=True)
class Order:
    """What one call asks for: texts with E.164 numbers, one after the other."""

    texts: list[tuple[str, str]]
    sender: str
    webhook_url: str
    expires_in: int | None


def answer(store: Store, call: Call) -> Reply:
    """Sends all messages of a call, or none. Raises Refusal: 404, 405, 400."""
    if call.path != "/send":
        raise Refusal(404, "NotFound", "Not Found", INFO)
    if call.method != "POST":
        raise Refusal(405, "MethodNotAllowed", "Method Not Allowed", INFO, {"Allow": "POST"})
    with store.transaction():
        settings = settings_of(store, call.client_id)
        return Reply(200, {"document_id": take(store, call, settings, read_order(call, settings)), "status": "OK"})


def route_of(path: str) -> str:
    return path if path == "/send" else "/…"


def refuse(refusal: Refusal, _transaction_id: str) -> Reply:
    """The shape that the SMS and the signing-key documents give their errors."""
    told = {"code": str(refusal.status), "message": refusal.message, "info": refusal.info or INFO}
    return Reply(refusal.status, {"errorResponse": told}, refusal.headers)


# --- What is asked ----------------------------------------------------------------------------------------------------


def bad(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message, INFO)


def json_of(call: Call, allowed: set[str]) -> dict[str, Any]:
    """Raises Refusal 400 for anything but a JSON object of these fields."""
    if call.content_type.partition(";")[0].strip().lower() != JSON:
        raise bad(f"The content type must be {JSON}.")
    try:
        given = decode_object(call.body)
    except ValueError:
        raise bad("The body is not a JSON object.") from None
    if unknown := given.keys() - allowed:
        raise bad(f"There is no field {sorted(unknown)[0][:50]}.")
    return given


def read_order(call: Call, settings: SmsSettings) -> Order:
    given = json_of(call, FIELDS)
    messages = given.get("messages")
    if not isinstance(messages, list) or not 1 <= len(messages) <= MOST_MESSAGES:
        raise bad(f"messages must be a list of 1 to {MOST_MESSAGES}.")
    texts = [each for message in messages for each in _texts_of(message, settings)]
    if len(texts) > MOST_IN_A_CALL:
        raise bad(f"At most {MOST_IN_A_CALL} messages to recipients in a call.")
    order = Order(texts, _sender(given), _webhook(given), _expiry(given))
    abroad = any(not number.startswith("+31") for number, _ in texts)
    if abroad and order.expires_in is not None and order.expires_in < SHORTEST_VALIDITY_ABROAD:
        raise bad(f"expirein must be at least {SHORTEST_VALIDITY_ABROAD} for recipients abroad.")
    return order


def _texts_of(message: Any, settings: SmsSettings) -> list[tuple[str, str]]:
    if not isinstance(message, dict) or message.keys() - MESSAGE_FIELDS:
        raise bad("A message has content and mobile_number.")
    content, numbers = message.get("content"), message.get("mobile_number")
    longest = LONGEST_TEXT_IN_TEST if settings.test_mode else LONGEST_TEXT
    if not isinstance(content, str) or not 1 <= len(content) <= longest:
        raise bad(f"content must be text of 1 to {longest} characters.")
    if not isinstance(numbers, str):
        raise bad("mobile_number must be text.")
    return [(_number(each), content) for each in numbers.split(",")]


def _number(text: str) -> str:
    try:
        return international(text)
    except ValueError:
        raise bad(f"{text[:20]!r} is not a mobile number.") from None


def _sender(given: dict[str, Any]) -> str:
    sender = given.get("sender", "KPN")
    if not isinstance(sender, str) or not 1 <= len(sender) <= LONGEST_SENDER:
        raise bad(f"sender must be text of at most {LONGEST_SENDER} characters.")
    return sender


def _webhook(given: dict[str, Any]) -> str:
    if "webhook_url" not in given:
        return ""
    url = given["webhook_url"]
    if not isinstance(url, str) or not re.fullmatch(r"https?://[^\s/]\S*", url):
        raise bad("webhook_url must be an http URL.")
    return url


def _expiry(given: dict[str, Any]) -> int | None:
    if "expirein" not in given:
        return None
    expiry = given["expirein"]
    if not isinstance(expiry, str) or not re.fullmatch("[1-9][0-9]{0,8}", expiry):
        raise bad("expirein must be a number of seconds as text.")
    return int(expiry)


# --- What is done -----------------------------------------------------------------------------------------------------


def take(store: Store, call: Call, settings: SmsSettings, order: Order) -> str:
    """Every recipient gets the message, also one who is named twice. Returns the document id."""
    document_id, at = str(uuid.uuid4()), iso_utc()
    first = store.count("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'sms'") + 1
    fates = [fate_of(number, settings) for number, _ in order.texts]
    # A document's messages have names of their own, also after the sandbox was emptied.
    stem = secrets.token_hex(6).upper()
    ids = [f"6W{stem}{place:04d}.{number[1:]}" for place, (number, _) in enumerate(order.texts)]
    store.run_many(
        "INSERT INTO sms (id, message_id, document_id, client_id, number, text, sender, webhook_url, expires_in, status, "
        "error_code, at, transaction_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                first + place,
                ids[place],
                document_id,
                call.client_id,
                number,
                text,
                order.sender,
                order.webhook_url,
                order.expires_in,
                *fates[place].end,
                at,
                call.transaction_id,
            )
            for place, (number, text) in enumerate(order.texts)
        ],
    )
    facts = (
        {"number": number, "text": text, "sender": order.sender, "document_id": document_id, "message_id": ids[place]}
        for place, (number, text) in enumerate(order.texts)
    )
    write_effects(store, call.client_id, "sms_sent", facts, transaction_id=call.transaction_id, cause=call.cause)
    if order.webhook_url:
        plan_reports(store, call.client_id, settings, first, order.webhook_url, fates, time.time())
    return document_id


KPN_SMS = Vendor("kpn_sms", BASE_PATH, kpn_gateway.admit, answer, route_of, refuse)
