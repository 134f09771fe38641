"""Kwebbl's Realtime API (1.0.0, revision 17): the directory, subscriptions to events, actions on calls, caller IDs.

The document contradicts itself; how each contradiction is read is in `docs/decisions/`, 0056. Strict in what is sent, liberal
in what is taken: numbers may come as JSON numbers, lists under a name, fields may be missing or be called otherwise, and the
JSON may have the document's own slips. What cannot be understood raises VendorProtocolError, which VendorHttp turns into
VendorOutcomeUnknown after a write.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any
from urllib.parse import quote

from portal.vendors.errors import VendorError, VendorProtocolError, VendorRefused
from portal.vendors.http import VendorHttp
from portal.vendors.payloads import Fields, items_in
from realtime.events_wire import ParsedEvent, ToldParty, parse_event
from realtime.loose_json import read_json
from realtime.remote import (
    DEFAULT_EVENTS,
    LONGEST_URL,
    Agent,
    Mode,
    Party,
    Reading,
    Remote,
    RemoteCallerId,
    RemoteExtension,
    RemoteSubscription,
)

__all__ = [
    "AccessDenied",
    "Agent",
    "Cancellation",
    "KwebblClient",
    "Mode",
    "ParsedEvent",
    "Party",
    "Reading",
    "RemoteCallerId",
    "RemoteExtension",
    "RemoteSubscription",
    "ToldParty",
    "parse_event",
]

ACCESS_DENIED = "access_denied"
MOST_KEPT = 20


class AccessDenied(VendorRefused):
    """The grant lacks a scope, or its person a role. The document has it as 403 and as 503."""


class Cancellation(Enum):
    """How a subscription came to be gone: by this call, or before it."""

    CANCELLED = "cancelled"
    ALREADY_GONE = "already gone"


class KwebblClient:
    """The calls of the chapters "Access Informational Resources" to "Multiple CallerID's", over one grant.

    Every call raises the errors of `VendorHttp`, and AccessDenied where a scope is missing. Of a call on a single thing,
    VendorRefused with status 404 means that there is none, with status 400 that the vendor does not take what was asked.
    """

    def __init__(self, http: VendorHttp) -> None:
        self._http = http

    # --- Access Informational Resources ---

    def extensions(self) -> Reading[RemoteExtension]:
        """List of Extensions: those that the grant's scopes let it see."""
        return self._call("get", "/extensions", parse=partial(_reading, "extensions", RemoteExtension.parse))

    def extension(self, extension_id: str) -> RemoteExtension:
        """Retrieve a specific extension."""
        path = f"/extensions/{_segment(extension_id)}"
        return self._call("get", path, parse=partial(_one, RemoteExtension.parse, id=extension_id))

    # --- Subscribing to Realtime Events ---

    def subscriptions(self) -> Reading[RemoteSubscription]:
        """List of subscriptions."""
        return self._call("get", "/subscriptions", parse=partial(_reading, "subscriptions", RemoteSubscription.parse))

    def subscription(self, subscription_id: str) -> RemoteSubscription:
        """Retrieve a specific subscription."""
        path = f"/subscriptions/{_segment(subscription_id)}"
        return self._call("get", path, parse=partial(_one, RemoteSubscription.parse, id=subscription_id))

    def subscribe(
        self,
        callback_url: str,
        event_types: Sequence[str] = DEFAULT_EVENTS,
        agents: Iterable[Agent] = (Agent(),),
        mode: str = Mode.PRESENCE,
    ) -> RemoteSubscription:
        """Request a new subscription. It cannot be changed afterwards ("Modify a specific subscription")."""
        body = {
            "event_types": list(event_types),
            "agents": [agent.on_the_wire() for agent in agents],
            "mode": str(mode),
            "callback_url": _url(callback_url),
            "callback_content_type": "application/json",
        }
        told = partial(_one, RemoteSubscription.parse, callback_url=callback_url)
        return self._call("post", "/subscriptions", json=body, parse=told)

    def cancel_subscription(self, subscription_id: str) -> Cancellation:
        """Cancel a subscription. May be repeated: one that is not there is a success."""
        try:
            self._call("delete", f"/subscriptions/{_segment(subscription_id)}", parse=_done)
        except VendorRefused as refusal:
            if refusal.status != 404:
                raise
            return Cancellation.ALREADY_GONE
        return Cancellation.CANCELLED

    # --- Perform Realtime Call Actions ---

    def place_call(self, to: Party | str, from_: Party | str | None = None) -> None:
        """Placing a new call, from the grant's own person unless told otherwise. The answer names no call.

        Raises VendorRefused with status 400 for a call between two external numbers, which is not allowed.
        """
        body = {"to": _party(to), **({} if from_ is None else {"from": _party(from_)})}
        self._call("post", "/calls", json=body, parse=_done)

    def hang_up(self, call_id: str) -> None:
        """Terminate / Hangup."""
        self._act(call_id, "hangup")

    def transfer(self, call_id: str, target: Party | str, *, attended: bool = False) -> None:
        """Transfer. An attended one is finished with * on the telephone and cancelled with #."""
        body = {"target": _party(target), "transfer_type": "attended" if attended else "blind"}
        self._act(call_id, "transfer", body)

    def hold(self, call_id: str) -> None:
        """Hold and Resume."""
        self._act(call_id, "hold")

    def resume(self, call_id: str) -> None:
        """Hold and Resume."""
        self._act(call_id, "resume")

    def start_recording(self, call_id: str) -> None:
        """Call Recording."""
        self._act(call_id, "start-recording")

    def stop_recording(self, call_id: str) -> None:
        """Call Recording."""
        self._act(call_id, "stop-recording")

    # --- Multiple CallerID's ---

    def caller_ids(self, extension_id: str) -> Reading[RemoteCallerId]:
        """Get list of CallerID's."""
        path = f"/extensions/{_segment(extension_id)}/multiple_caller_ids"
        return self._call("get", path, parse=partial(_reading, "caller_ids", RemoteCallerId.parse))

    def set_caller_id(self, extension_id: str, caller_id: str) -> str:
        """Change user CallerID: the ID that the vendor says is set. Only an admin may change somebody else's."""
        path = f"/extensions/{_segment(extension_id)}/caller_id"
        return self._call("put", path, json={"caller_id": caller_id}, parse=_caller_id_set)

    # --- The wire ---

    def _act(self, call_id: str, action: str, body: Mapping[str, Any] | None = None) -> None:
        self._call("post", f"/calls/{_segment(call_id)}/{action}", json=body, parse=_done)

    def _call(self, method: str, path: str, *, parse: Callable[[Any], Any], json: Any = None) -> Any:
        """Text is let through, for the document's JSON is not always sound."""
        try:
            return getattr(self._http, method)(path, json=json, text_too=True, parse=lambda told: parse(_sound(told)))
        except VendorError as failure:
            if denied := _as_denied(failure):
                raise denied from None
            raise


def _as_denied(failure: VendorError) -> AccessDenied | None:
    """A 503 that says access_denied is a refusal, not an outage ("Using an Access token to make requests")."""
    if failure.status == 403 or (failure.status == 503 and failure.vendor_code == ACCESS_DENIED):
        return AccessDenied(
            "The vendor does not allow this with the permissions that were given",
            status=failure.status,
            request_id=failure.request_id,
            vendor_message=failure.vendor_message,
            vendor_code=failure.vendor_code,
        )
    return None


# --- What is taken ------------------------------------------------------------------------------------------------


def _sound(payload: Any) -> Any:
    if not isinstance(payload, str):
        return payload
    try:
        return read_json(payload)
    except ValueError:
        return payload


def _done(payload: Any) -> None:
    """Nothing is promised but the status; `{"ok": true}` and words are as good as nothing."""
    if isinstance(payload, Mapping) and payload.get("ok") is False:
        raise VendorProtocolError("The vendor says that it is done, and not ok", raw=payload)


def _reading(name: str, parse: Callable[[Any], Remote], payload: Any) -> Reading[Remote]:
    found: list[Remote] = []
    flaws: list[VendorProtocolError] = []
    for each in _listed(payload, name):
        try:
            found.append(parse(each))
        except VendorProtocolError as flaw:
            flaws.append(VendorProtocolError(flaw.message, raw=flaw.raw if len(flaws) < MOST_KEPT else None))
    return Reading(tuple(found), tuple(flaws))


def _listed(payload: Any, name: str) -> list[Any]:
    if isinstance(payload, list):
        return payload
    if isinstance(payload, Mapping) and isinstance(payload.get(name), list):
        return items_in(payload, name)
    raise VendorProtocolError(f"The vendor's answer is no list of {name}", raw=payload)


def _one(parse: Callable[..., Remote], payload: Any, **known: Any) -> Remote:
    """The one object, also as a list of one; the text of the document promises "a JSON array" for a single subscription."""
    told = payload[0] if isinstance(payload, list) and len(payload) == 1 else payload
    return parse(told, **known)


def _caller_id_set(payload: Any) -> str:
    return Fields("caller ID", _one(lambda told: told, payload)).text("caller_id", longest=64)


# --- What is sent -------------------------------------------------------------------------------------------------


def _party(party: Party | str) -> dict[str, str]:
    return (Party(number=party) if isinstance(party, str) else party).on_the_wire()


def _url(url: str) -> str:
    if not re.fullmatch(r"https?://[^\s/]\S*", url) or len(url) > LONGEST_URL:
        raise ValueError("an address for events begins with http:// or https:// and has no blanks")
    return url


def _segment(identifier: str) -> str:
    """One segment of a path. Dots would climb out of it, and nothing would name the collection."""
    if not identifier or identifier in (".", ".."):
        raise ValueError("this identifier cannot stand in a path")
    return quote(identifier, safe="")
