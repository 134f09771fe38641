"""KPN's SMS API: one call that sends, and the keys that its webhooks are signed with.

The vendor publishes OpenAPI documents ("SMS - KPN" 1.0.6, "Webhook Signing Keys - KPN" 4.0.0) and a text ("SMS - KPN", API
store). What they leave open is decided here: `docs/decisions/`, 0053. There is no idempotency key, and nothing that was
sent can be read back.

Strict in what is sent, liberal in what is taken. What cannot be understood raises VendorProtocolError, which VendorHttp turns
into VendorOutcomeUnknown after a write.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from functools import partial
from typing import Any
from urllib.parse import quote

from portal.vendors.errors import VendorProtocolError, VendorRefused
from portal.vendors.http import VendorHttp
from portal.vendors.payloads import Fields, items_in, single_in

LONGEST_TEXT = 1_000
LONGEST_SENDER = 11
LONGEST_URL = 2_000
MOST_IN_A_CALL = 200
LONGEST_DOCUMENT_ID = 100
LONGEST_KEY_ID = 128
LONGEST_SECRET = 4_096
# In seconds; the vendor takes no shorter one for a recipient abroad.
SHORTEST_VALIDITY_ABROAD = 21

# 060, 067 and 069 are not mobile numbers in the Netherlands; 097 is for machines.
DUTCH = re.compile(r"\+31(6[1-58][0-9]{7}|97[0-9]{7,9})")
ABROAD = re.compile(r"\+(?!31)[1-9][0-9]{6,14}")


@dataclass(frozen=True)
class Outgoing:
    """One text for some recipients, whose numbers are in E.164 with +."""

    text: str = field(repr=False)
    numbers: Sequence[str] = field(repr=False)


@dataclass(frozen=True)
class Sent:
    """What the vendor has taken, under one document ID for all of a call. `status` is its own word, "" when not told."""

    document_id: str
    status: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, payload: Any) -> "Sent":
        """A document ID means success, whatever the status says; without one nobody knows (document, "status")."""
        fields = Fields("answer", single_in(payload))
        return cls(
            document_id=fields.text("document_id", longest=LONGEST_DOCUMENT_ID),
            status=fields.optional("status"),
            raw=fields.rest(),
        )


class KpnSmsClient:
    """Every call raises the errors of `VendorHttp`."""

    def __init__(self, http: VendorHttp) -> None:
        self._http = http

    def send(
        self, messages: Sequence[Outgoing], *, sender: str, webhook_url: str, expires_in: int | None = None
    ) -> Sent:
        """Send all of these or none; never to be repeated by itself.

        `webhook_url` is told what becomes of them, nobody where it is ""; `expires_in` is in seconds, None for as long as
        the vendor tries. Raises VendorRefused when one number or text is refused, ValueError for what the document
        does not allow.
        """
        body: dict[str, Any] = {"messages": _messages(messages, expires_in), "sender": _sender(sender)}
        if webhook_url:
            body["webhook_url"] = _url(webhook_url)
        if expires_in is not None:
            body["expirein"] = str(expires_in)
        return self._http.post("/send", json=body, parse=Sent.parse)


class KeyStatus(StrEnum):
    """Where a key is in its life. UNTOLD when the vendor did not say it in words that we know."""

    STAGED = "staged"
    ACTIVE = "active"
    RETIRING = "retiring"
    RETIRED = "retired"
    UNTOLD = ""


class KeyLevel(StrEnum):
    """Whose deliveries a key signs; the active key of the most specific level does."""

    APPLICATION = "applications"
    TEAM = "teams"
    ORGANIZATION = "organizations"


class Deletion(Enum):
    """How something came to be gone: by this call, or before it."""

    DELETED = "deleted"
    ALREADY_GONE = "already gone"


@dataclass(frozen=True)
class RemoteKey:
    """A signing key without its secret. Times are aware, in UTC; None when not told."""

    key_id: str
    status: KeyStatus = KeyStatus.UNTOLD
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, payload: Any, **known: Any) -> "RemoteKey":
        """`known` stands in for `key_id` and `status` where the payload leaves them out."""
        return cls._of(Fields("signing key", single_in(payload), known))

    @classmethod
    def _of(cls, fields: Fields) -> "RemoteKey":
        key_id, word = fields.text("key_id", longest=LONGEST_KEY_ID), fields.optional("status")
        status = next((each for each in KeyStatus if each == word.lower()), KeyStatus.UNTOLD)
        rest = {"status": word} if word and not status else {}
        return cls(
            key_id=key_id,
            status=status,
            created_at=fields.time("created_at"),
            updated_at=fields.time("updated_at"),
            raw=rest | fields.rest(),
        )


@dataclass(frozen=True)
class RevealedKey:
    """The active key of a level with the secret that its deliveries are signed with."""

    key: RemoteKey
    secret: str = field(repr=False)

    @classmethod
    def parse(cls, payload: Any) -> "RevealedKey":
        fields = Fields("revealed signing key", single_in(payload), {"status": KeyStatus.ACTIVE})
        secret = fields.secret("secret", longest=LONGEST_SECRET)
        return cls(RemoteKey._of(fields), secret)


class SigningKeyClient:
    """The calls about the signing keys of one level. Every call raises the errors of `VendorHttp`."""

    def __init__(self, http: VendorHttp, level: str) -> None:
        """Raises ValueError for a level that the document does not know."""
        self._http = http
        self._path = f"/{KeyLevel(level)}/keys"

    def list(self, status: KeyStatus | None = None) -> list[RemoteKey]:
        """All keys of the level, or those of one status, in the vendor's order."""
        params = {"status": status.upper()} if status else None
        return self._http.get(self._path, params=params, parse=_parse_keys)

    def create(self, secret: str, key_id: str, *, staged: bool) -> RemoteKey:
        """A new key; unless `staged` it signs from now on and the active one becomes retiring.

        Raises VendorRefused for a key ID that is taken. With a key ID of one's own an answer that was lost can be looked up.
        """
        body = {"key_id": _key_id(key_id), "secret": _secret(secret), "staged": staged}
        return self._http.post(self._path, json=body, parse=partial(_parse_key, key_id))

    def reveal(self) -> RevealedKey:
        """The active key's secret. Raises VendorRefused with status 404 when no key of the level is active."""
        return self._http.get(f"{self._path}/reveal", parse=RevealedKey.parse)

    def activate(self, key_id: str) -> RemoteKey:
        """A staged key signs from now on; the active one becomes retiring.

        Raises VendorRefused: status 404 if unknown, 400 if not staged.
        """
        return self._move(key_id, "activate")

    def retire(self, key_id: str) -> RemoteKey:
        """Raises VendorRefused: status 404 if unknown, 400 if not retiring."""
        return self._move(key_id, "retire")

    def delete(self, key_id: str) -> Deletion:
        """May be repeated: a key that is not there is a success. Raises VendorRefused with status 400 if not retired."""
        try:
            self._http.delete(f"{self._path}/{_segment(key_id)}")
        except VendorRefused as refusal:
            if refusal.status != 404:
                raise
            return Deletion.ALREADY_GONE
        return Deletion.DELETED

    def _move(self, key_id: str, how: str) -> RemoteKey:
        return self._http.post(f"{self._path}/{_segment(key_id)}/{how}", parse=partial(_parse_key, key_id))


def _parse_keys(payload: Any) -> list[RemoteKey]:
    return [RemoteKey.parse(each) for each in items_in(payload, "keys")]


def _parse_key(key_id: str, payload: Any) -> RemoteKey:
    key = RemoteKey.parse(payload, key_id=key_id)
    if key.key_id != key_id:
        raise VendorProtocolError("The vendor answered with another key than was asked for", raw=payload)
    return key


# --- What is sent -------------------------------------------------------------------------------------------------


def _messages(messages: Sequence[Outgoing], expires_in: int | None) -> list[dict[str, str]]:
    recipients = [number for message in messages for number in message.numbers]
    if not 1 <= len(recipients) <= MOST_IN_A_CALL:
        raise ValueError(f"a call has 1 to {MOST_IN_A_CALL} recipients")
    shortest = SHORTEST_VALIDITY_ABROAD if any(map(ABROAD.fullmatch, recipients)) else 1
    if expires_in is not None and (isinstance(expires_in, bool) or not shortest <= expires_in < 10**9):
        raise ValueError(f"a message to these recipients is valid for at least {shortest} seconds")
    return [{"mobile_number": _numbers(each.numbers), "content": _text(each.text)} for each in messages]


def _numbers(numbers: Iterable[str]) -> str:
    listed = list(numbers)
    if not listed or not all(DUTCH.fullmatch(number) or ABROAD.fullmatch(number) for number in listed):
        raise ValueError("a message's recipients are mobile numbers in E.164")
    return ",".join(listed)


def _text(text: str) -> str:
    if not 1 <= len(text) <= LONGEST_TEXT or "\0" in text or not _encodable(text):
        raise ValueError(f"a message has 1 to {LONGEST_TEXT} characters")
    return text


def _encodable(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _sender(sender: str) -> str:
    if not sender.strip() or len(sender) > LONGEST_SENDER or not sender.isprintable():
        raise ValueError(f"a sender has 1 to {LONGEST_SENDER} printable characters")
    return sender


def _url(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]\S*", url) or not url.isprintable() or len(url) > LONGEST_URL:
        raise ValueError("an address of reports begins with http:// or https:// and has no blanks")
    return url


def _key_id(key_id: str) -> str:
    """Of what needs no escape anywhere; the vendor's own are like that, too."""
    if not re.fullmatch(rf"[A-Za-z0-9_.-]{{1,{LONGEST_KEY_ID}}}", key_id):
        raise ValueError(f"a key ID has 1 to {LONGEST_KEY_ID} letters, digits, dots, hyphens and underscores")
    _segment(key_id)
    return key_id


def _secret(secret: str) -> str:
    if not 1 <= len(secret) <= LONGEST_SECRET or "\0" in secret or not _encodable(secret):
        raise ValueError(f"a secret has 1 to {LONGEST_SECRET} characters")
    return secret


def _segment(identifier: str) -> str:
    """One segment of a path. Dots would climb out of it, "reveal" names another call, and nothing names the collection."""
    if not identifier or identifier in (".", "..", "reveal"):
        raise ValueError("this key ID cannot stand in a path")
    return quote(identifier, safe="")
