"""Apidaze's CPaaS as KPN's API store offers it: SIP accounts and the external script of a domain.

The vendor publishes an OpenAPI document (1.1.1) and a text ("Apidaze Voice", API store). Where they differ, the document
is followed for the wire and the text for the meaning. What neither tells is decided here: `docs/decisions/`, 0049.

Strict in what is sent, liberal in what is taken: one object may come in a list, alone, or among others in a list of all;
a list may come under a name or be its only item; numbers may come as text; fields may be missing. Fields that are unknown,
or known and not understood where they may be missing, are kept in `raw`, without secrets. What cannot be understood
raises VendorProtocolError, which VendorHttp turns into VendorOutcomeUnknown after a write.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, StrEnum
from functools import partial
from typing import Any, Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote

from portal.vendors.errors import VendorProtocolError, VendorRefused
from portal.vendors.http import Redactor, VendorHttp
from portal.vendors.long_lists import LongList
from portal.vendors.payloads import Fields, items_in

Remote = TypeVar("Remote")
Mark = TypeVar("Mark")

# RFC 3261, 25.1: what a SIP user is made of without escapes.
SIP_USERNAME = re.compile(r"[A-Za-z0-9_.!~*'()&=+$,;?/-]{1,64}")
LONGEST_URL = 2000
# Of how many objects that were not understood a reading keeps the payload.
MOST_KEPT = 20


class Deletion(Enum):
    """How something came to be gone: by this call, or before it."""

    DELETED = "deleted"
    ALREADY_GONE = "already gone"


class Registration(StrEnum):
    """Is a telephone signed in with the account? UNTOLD when the vendor did not say it in words that we know."""

    REGISTERED = "registered"
    UNREGISTERED = "unregistered"
    UNTOLD = ""


class SipAccountFields(TypedDict, total=False):
    """What may be said of a SIP account; left out means unchanged, "" means none."""

    name: str
    internal_number: str
    external_number: str
    mwi_account: str


# The fields' names in the vendor's form.
ON_THE_WIRE = {
    "name": "name",
    "internal_number": "internal_caller_id_number",
    "external_number": "external_caller_id_number",
    "mwi_account": "mwi_account",
}


@dataclass(frozen=True)
class RemoteSipAccount:
    """A SIP account with the password that the vendor tells with every reading of it. Times are aware, in UTC.

    `internal_…` is what others of the domain see of a caller, `external_…` what the telephone network sees;
    `mwi_account` is the voicemail box whose messages make the telephone's lamp shine. "" is what was not told.
    """

    id: str
    username: str
    password: str = field(default="", repr=False)
    name: str = ""
    internal_name: str = ""
    internal_number: str = ""
    external_name: str = ""
    external_number: str = ""
    mwi_account: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, payload: Any, **known: Any) -> "RemoteSipAccount":
        """`known` stands in for `id`, `username` and `password` where the payload leaves them out."""
        fields = Fields("SIP account", payload, {"password": "", **known})
        sip, caller, voicemail = fields.part("sip"), fields.part("callerid"), fields.part("voicemail")
        password = sip.secret("password")
        return cls(
            id=fields.text("id"),
            username=sip.text("username"),
            password=password,
            name=fields.optional("name"),
            internal_name=caller.optional("internal_name"),
            internal_number=caller.optional("internal_number"),
            external_name=caller.optional("external_name"),
            external_number=caller.optional("external_number"),
            mwi_account=voicemail.optional("mwi_account"),
            created_at=fields.time("created_at"),
            updated_at=fields.time("updated_at"),
            raw=_without_secrets(fields.rest(), password),
        )


@dataclass(frozen=True)
class RemoteSipStatus:
    """What the vendor tells of an account's status: `status` in its own words, `domain` where a telephone signs in.

    The documents promise the account again and no more; both are "" when they were not told.
    """

    account: RemoteSipAccount
    domain: str = ""
    status: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def registration(self) -> Registration:
        return next((each for each in Registration if each == self.status.lower()), Registration.UNTOLD)

    @classmethod
    def parse(cls, payload: Any, **known: Any) -> "RemoteSipStatus":
        account = RemoteSipAccount.parse(payload, **{"username": "", **known})
        fields = Fields("SIP account's status", account.raw)
        sip = fields.part("sip")
        hosts = [part.optional(name) for part in (fields, sip) for name in ("domain", "host")]
        return cls(
            account=replace(account, raw={}),
            domain=next(filter(None, hosts), ""),
            status=fields.optional("status"),
            raw=fields.rest(),
        )


@dataclass(frozen=True)
class RemoteScript:
    """The external script of the domain: the address at which the vendor fetches XML for each call."""

    id: str
    url: str
    name: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def parse(cls, payload: Any, **known: Any) -> "RemoteScript":
        """`known` stands in for `id`, `url` and `name` where the payload leaves them out."""
        fields = Fields("external script", payload, known)
        return cls(
            id=fields.text("id"),
            url=fields.text("url", longest=LONGEST_URL),
            name=fields.optional("name"),
            created_at=fields.time("created_at"),
            updated_at=fields.time("updated_at"),
            raw=_without_secrets(fields.rest()),
        )


class SipAccountReading:
    """All SIP accounts of one read, in the vendor's order and outside memory: each walk takes them from its beginning.

    A walk raises VendorProtocolError when the list turns out to be none. Those that cannot be understood are left out: after
    it `unreadable` is their number, and `flaws` are the first of them. To be closed after use.
    """

    def __init__(self, listed: LongList) -> None:
        self._listed = listed
        self._begin()

    def _begin(self) -> None:
        self._walked, self.unreadable = False, 0
        self.flaws: list[VendorProtocolError] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._listed.close()

    def __iter__(self) -> Iterator[RemoteSipAccount]:
        return (account for _place, account in self.numbered())

    def numbered(self) -> Iterator[tuple[int, RemoteSipAccount]]:
        """Each with its place in the list."""
        self._begin()
        for place, payload in enumerate(self._listed):
            try:
                account = RemoteSipAccount.parse(payload)
            except VendorProtocolError as flaw:
                self._leave_out(flaw)
            else:
                yield place, account
        self._walked = True

    def at(self, places: Iterable[tuple[int, Mark]]) -> Iterator[tuple[Mark, RemoteSipAccount]]:
        """Those at the given places, each with what was given beside its place. The places ascend."""
        payloads = enumerate(self._listed)
        for wanted, mark in places:
            yield mark, RemoteSipAccount.parse(next(payload for place, payload in payloads if place == wanted))

    @property
    def complete(self) -> bool:
        """Was it walked to its end, and everything understood? Only then an absence means something."""
        return self._walked and not self.unreadable

    def _leave_out(self, flaw: VendorProtocolError) -> None:
        self.unreadable += 1
        if len(self.flaws) < MOST_KEPT:
            self.flaws.append(VendorProtocolError(flaw.message, raw=_without_secrets(flaw.raw)))


@dataclass(frozen=True)
class ScriptTrial:
    """What came of a script's trial run: `text`, as the script gave it, or `told`, the vendor's JSON about it."""

    text: str = ""
    told: Any = None


class ApidazeClient:
    """The calls of the chapters "VoIP SIP API" and "XML Scripting API", over one connection.

    Every call raises the errors of `VendorHttp`; the methods name those that have a meaning of their own.
    """

    def __init__(self, http: VendorHttp) -> None:
        self._http = http

    # --- SIP accounts ---

    def sip_accounts(self) -> SipAccountReading:
        """SIP Account List, which the vendor has no pages of."""
        return SipAccountReading(self._http.get_list("/sipaccounts", "sipaccounts"))

    def sip_account(self, sip_id: str) -> RemoteSipAccount:
        """SIP Account Read. Raises VendorRefused with status 404 if unknown."""
        return self._http.get(f"/sipaccounts/{_segment(sip_id)}", parse=partial(_parse_sip_account, sip_id))

    def create_sip_account(self, username: str, **fields: Unpack[SipAccountFields]) -> RemoteSipAccount:
        """SIP Account Create. The vendor makes the password.

        Raises VendorRefused for a username that is taken, ValueError for one that SIP does not allow.
        """
        form = {"username": _username(username), **_form(fields)}
        return self._http.post("/sipaccounts", form=form, parse=partial(_parse_created, username))

    def update_sip_account(self, sip_id: str, **fields: Unpack[SipAccountFields]) -> RemoteSipAccount:
        """SIP Account Update; the username stays for good. Raises VendorRefused with status 404 if unknown."""
        form = _form(fields)
        if not form:
            raise ValueError("an update names at least one field")
        path = f"/sipaccounts/{_segment(sip_id)}"
        return self._http.put(path, form=form, parse=partial(_parse_sip_account, sip_id))

    def delete_sip_account(self, sip_id: str) -> Deletion:
        """SIP Account Delete. May be repeated: an account that is not there is a success."""
        return self._delete(f"/sipaccounts/{_segment(sip_id)}")

    def sip_status(self, sip_id: str) -> RemoteSipStatus:
        """SIP Account Status. Raises VendorRefused with status 404 if unknown."""
        path = f"/sipaccounts/{_segment(sip_id)}/status"
        return self._http.get(path, parse=partial(_parse_sip_status, sip_id))

    # --- The external script ---

    def scripts(self) -> list[RemoteScript]:
        """External Script List: one or none, as the vendor allows one for a domain."""
        return self._http.get("/externalscripts", parse=_parse_scripts)

    def script(self, script_id: str) -> RemoteScript:
        """External Script Read. Raises VendorRefused with status 404 if unknown."""
        return self._http.get(f"/externalscripts/{_segment(script_id)}", parse=partial(_parse_script, script_id))

    def create_script(self, url: str, *, name: str = "") -> RemoteScript:
        """External Script Create. Raises VendorRefused when the domain has its script already."""
        form = {"url": _url(url), **({"name": _printable(name)} if name else {})}
        return self._http.post("/externalscripts", form=form, parse=partial(_parse_created_script, form))

    def update_script(self, script_id: str, url: str, *, name: str | None = None) -> RemoteScript:
        """External Script Update; a name of None stays. Raises VendorRefused with status 404 if unknown."""
        form = {"url": _url(url), **({} if name is None else {"name": _printable(name)})}
        path = f"/externalscripts/{_segment(script_id)}"
        return self._http.put(path, form=form, parse=partial(_parse_script, script_id))

    def delete_script(self, script_id: str) -> Deletion:
        """External Script Delete. May be repeated: a script that is not there is a success."""
        return self._delete(f"/externalscripts/{_segment(script_id)}")

    def try_script(self, url: str, parameters: Mapping[str, str] | None = None) -> ScriptTrial:
        """External Script Test: the vendor fetches `url` as for a call with these parameters; changes nothing.

        A GET with a form for a body, as the document has it.
        """
        parameters = parameters or {}
        if "url" in parameters:
            raise ValueError("url is no parameter of a call")
        form = {"url": _url(url), **{_named(name): _printable(value) for name, value in parameters.items()}}
        return self._http.get("/externalscripts/test", form=form, text_too=True, parse=_parse_trial)

    def _delete(self, path: str) -> Deletion:
        try:
            self._http.delete(path)
        except VendorRefused as refusal:
            if refusal.status != 404:
                raise
            return Deletion.ALREADY_GONE
        return Deletion.DELETED


# --- What is taken ------------------------------------------------------------------------------------------------


def _parse_sip_account(sip_id: str, payload: Any) -> RemoteSipAccount:
    return _asked_for(
        payload, "sipaccounts", RemoteSipAccount.parse, lambda account: account.id == sip_id, {"id": sip_id}
    )


def _parse_created(username: str, payload: Any) -> RemoteSipAccount:
    """The new account, also out of a list of all; the vendor may write its username in another case."""

    def is_new(account: RemoteSipAccount) -> bool:
        return account.username.lower() == username.lower()

    return _asked_for(payload, "sipaccounts", RemoteSipAccount.parse, is_new, {"username": username})


def _parse_sip_status(sip_id: str, payload: Any) -> RemoteSipStatus:
    return _asked_for(
        payload, "sipaccounts", RemoteSipStatus.parse, lambda status: status.account.id == sip_id, {"id": sip_id}
    )


def _parse_scripts(payload: Any) -> list[RemoteScript]:
    return [RemoteScript.parse(each) for each in items_in(payload, "externalscripts")]


def _parse_script(script_id: str, payload: Any) -> RemoteScript:
    return _asked_for(
        payload, "externalscripts", RemoteScript.parse, lambda script: script.id == script_id, {"id": script_id}
    )


def _parse_created_script(form: Mapping[str, str], payload: Any) -> RemoteScript:
    return _asked_for(payload, "externalscripts", RemoteScript.parse, lambda script: script.url == form["url"], form)


def _parse_trial(payload: Any) -> ScriptTrial:
    if payload is None or isinstance(payload, str):
        return ScriptTrial(text=payload or "")
    if isinstance(payload, list | Mapping):
        return ScriptTrial(told=_without_secrets(payload))
    raise VendorProtocolError("The vendor's answer is neither a script's text nor an object", raw=payload)


def _asked_for(
    payload: Any,
    collection: str,
    parse: Callable[..., Remote],
    is_it: Callable[[Remote], bool],
    known: Mapping[str, Any],
) -> Remote:
    """The one that was asked for, alone or among others; `known` completes it when it comes alone."""
    items = items_in(payload, collection)
    found, unreadable = _sorted_out(items, partial(parse, **known) if len(items) == 1 else parse)
    for each in found:
        if is_it(each):
            return each
    if unreadable:
        raise unreadable[0]
    raise VendorProtocolError("The vendor answered with something else than what was asked for", raw=payload)


def _sorted_out(items: Iterable[Any], parse: Callable[[Any], Remote]) -> tuple[list[Remote], list[VendorProtocolError]]:
    understood, unreadable = [], []
    for each in items:
        try:
            understood.append(parse(each))
        except VendorProtocolError as flaw:
            unreadable.append(flaw)
    return understood, unreadable


def _without_secrets(payload: Any, *secrets: str) -> Any:
    """By the names under which secrets stand, and by their values wherever else they do."""
    if not payload:
        return payload
    redactor = Redactor(secrets)
    redactor.learn_from(payload)
    return redactor.json(payload)


# --- What is sent -------------------------------------------------------------------------------------------------


def _username(username: str) -> str:
    if not isinstance(username, str) or not SIP_USERNAME.fullmatch(username):
        raise ValueError("a SIP username is 1 to 64 letters, digits and marks that SIP allows")
    return username


def _form(fields: SipAccountFields) -> dict[str, str]:
    return {ON_THE_WIRE[name]: _printable(value) for name, value in fields.items()}


def _printable(text: Any) -> str:
    if not isinstance(text, str) or not text.isprintable():
        raise ValueError("a field is printable text")
    return text


def _named(name: str) -> str:
    if not _printable(name).strip():
        raise ValueError("a parameter has a name")
    return name


def _url(url: str) -> str:
    if not isinstance(url, str) or not re.fullmatch(r"https?://[^\s/]\S*", url) or not url.isprintable():
        raise ValueError("a script's address begins with http:// or https:// and has no blanks")
    if len(url) > LONGEST_URL:
        raise ValueError(f"a script's address has at most {LONGEST_URL} characters")
    return url


def _segment(identifier: str) -> str:
    """One segment of a path. Dots would climb out of it, "test" names another call, and nothing names the collection."""
    if not identifier or identifier in (".", "..", "test"):
        raise ValueError("this identifier cannot stand in a path")
    return quote(identifier, safe="")
