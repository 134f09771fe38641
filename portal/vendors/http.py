"""Calls to a vendor's API with a bearer token: JSON or a form out, JSON or text in, every failure in the VendorError family."""

import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any, TypedDict, Unpack
from urllib.parse import urlsplit

from portal.vendors.errors import VendorOutcomeUnknown, VendorProtocolError
from portal.vendors.exchange import CallRecord, Exchange, Outgoing, perform
from portal.vendors.long_lists import LongList
from portal.vendors.quota import Quota, pace
from portal.vendors.redaction import Redactor
from portal.vendors.tokens import AccessToken, TokenSource, fetch_token
from portal.vendors.verdict import failure_of
from portal.vendors.wire import Limits

__all__ = [
    "AccessToken",
    "CallRecord",
    "Limits",
    "Parts",
    "Quota",
    "Redactor",
    "TokenSource",
    "VendorHttp",
    "fetch_token",
    "pace",
]


class Parts(TypedDict, total=False):
    """What a call may carry besides its path; at most one of `json` and `form`.

    `text_too`: an answer that is no JSON is taken as text instead of being a failure.
    """

    params: Mapping[str, Any] | None
    json: Any
    form: Mapping[str, Any] | None
    text_too: bool
    parse: Callable[[Any], Any]


class VendorHttp:
    """One connection's way to its vendor. Cheap to make: sockets are shared per thread, so make one for each operation.

    `send_by` (`time.monotonic()`) is the moment after which nothing may leave any more: a worker that was frozen past
    its claim then raises VendorUnavailable instead of sending what somebody else may be sending by now.
    `limits.total_timeout` covers a call with its one repeat after a 401. `on_call` is told of every single exchange.

    Calls return the parsed JSON, None for an empty body. They raise VendorUnavailable (and its VendorThrottled and
    VendorCredentialsRejected), VendorRefused, VendorOutcomeUnknown (writes) and VendorProtocolError (reads).
    `parse` turns the payload into what is returned and raises VendorProtocolError for what it cannot understand; after
    a write that becomes VendorOutcomeUnknown, because the vendor has carried out something.
    """

    def __init__(
        self,
        base_url: str,
        *,
        tokens: TokenSource,
        limits: Limits,
        redactor: Redactor,
        on_call: Callable[[CallRecord], None],
        send_by: float | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._tokens = tokens
        self._limits = limits
        self._redactor = redactor
        self._on_call = on_call
        self._send_by = send_by
        redactor.learn(urlsplit(limits.proxy_url).password or "")

    def no_later_than(self, moment: float) -> "VendorHttp":
        """The same, but nothing leaves after `moment` (`time.monotonic()`) either, however long a token takes."""
        earlier = copy(self)
        earlier._send_by = moment if self._send_by is None else min(moment, self._send_by)
        return earlier

    def sign_in(self) -> None:
        """Have a token that is known to be good, by asking for one where none is kept. Raises the VendorError family."""
        self._tokens.current()

    def get(self, path: str, **parts: Unpack[Parts]) -> Any:
        return self._call("GET", path, **parts)

    def get_list(self, path: str, name: str) -> LongList:
        """A list that may be too long for memory, alone or under a name, as `items_in` takes it. To be closed by the caller."""
        outgoing = Outgoing("GET", self._base_url + path, list_of=name)
        # What was claimed for a while has no more time than for any other call.
        seconds = self._limits.list_timeout if self._send_by is None else self._limits.total_timeout
        limits = replace(self._limits, total_timeout=seconds, max_answer_bytes=self._limits.max_list_bytes)
        answered = self._exchange(outgoing, limits)
        if failure := failure_of(answered, write=False):
            raise failure
        return answered.payload

    def post(self, path: str, **parts: Unpack[Parts]) -> Any:
        return self._call("POST", path, **parts)

    def put(self, path: str, **parts: Unpack[Parts]) -> Any:
        return self._call("PUT", path, **parts)

    def delete(self, path: str, **parts: Unpack[Parts]) -> Any:
        return self._call("DELETE", path, **parts)

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        text_too: bool = False,
        parse: Callable[[Any], Any] | None = None,
    ) -> Any:
        write = method != "GET"
        outgoing = Outgoing(method, self._base_url + path, params=params, json=json, form=form, text_too=text_too)
        answered = self._exchange(outgoing, self._limits)
        if failure := failure_of(answered, write=write):
            raise failure
        if parse is None:
            return answered.payload
        try:
            return parse(answered.payload)
        except VendorProtocolError as flaw:
            # Raised anew, and from nothing, so that no traceback leads to the payload.
            raise self._not_understood(flaw, answered, write=write) from None

    def _exchange(self, outgoing: Outgoing, limits: Limits) -> Exchange:
        """The call, and one repeat with a new token when the vendor no longer takes the old one."""
        deadline = time.monotonic() + limits.total_timeout
        token = self._tokens.current()
        answered = self._perform(outgoing, limits, token, deadline)
        if answered.status == 401:
            answered = self._perform(outgoing, limits, self._tokens.renew(token), deadline)
        return answered

    def _perform(self, outgoing: Outgoing, limits: Limits, token: str, deadline: float) -> Exchange:
        self._redactor.learn(token)
        return perform(
            outgoing,
            token=token,
            limits=limits,
            redactor=self._redactor,
            on_call=self._on_call,
            deadline=deadline,
            send_by=self._send_by,
        )

    def _not_understood(
        self, flaw: VendorProtocolError, answered: Exchange, *, write: bool
    ) -> VendorProtocolError | VendorOutcomeUnknown:
        kind = VendorOutcomeUnknown if write else VendorProtocolError
        return kind(
            flaw.message,
            status=answered.status,
            request_id=answered.request_id,
            raw=self._redactor.json(flaw.raw),
        )
