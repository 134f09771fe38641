"""Keeping secrets out of logs and messages: by the names under which they stand, and by their values wherever they do.

Everything here fails closed: what cannot be read is not shown.
"""

import base64
import html
import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import quote, quote_plus, unquote_plus

HIDDEN = "***"
UNSHOWABLE = "[could not be shown safely]"
SHORTEST_SECRET = 4
# A value under a secret's name in an answer may be as harmless as "none"; hiding that word everywhere would not help.
SHORTEST_LEARNED = 8
MOST_LEARNED = 200
LONGEST_INPUT = 32_768
DEEPEST = 40

_SECRET_NAMES = {
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "credential",
    "credentials",
    "passphrase",
    "passwd",
    "pwd",
    "privatekey",
    "assertion",
}
_SECRET_ENDINGS = ("password", "secret", "token", "apikey")
# What people write to each other, and an address that only the vendor is told.
_PERSONAL_NAMES = {"content", "webhookurl"}

_NAME = r"[\w.%~-]{1,64}"
# A pair as JSON, a header line or an escaped copy of one writes it. An object under a secret's name has no end here.
# Repetitions are bounded where they could be tried from many places: an answer must not cost seconds to write down.
_NAMED = re.compile(
    rf"""(?<![\w.%~-])(\\{{0,4}}["']?)({_NAME})\1(\s{{0,20}}:\s*)"""
    r"""("(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|[{\[].*|[^,}\]\r\n&]+)""",
    re.DOTALL,
)
_ASSIGNED = re.compile(rf"""(?<![\w.%~-])({_NAME})=([^&\s"'<>]+)""")
# A path's segment of 256 bits guards what is behind it: an address that nobody can guess is a secret wherever it stands.
_ADDRESS = re.compile(r"(/|%(?:25)?2F)[\w-]{43}(?![\w-])", re.ASCII | re.IGNORECASE)
# Telephone numbers as they are dialled, and those of Dutch mobiles without a prefix. A moment in milliseconds is none.
_NUMBER = re.compile(r"(?<![\w+])(\+\d{3}|00\d{2}|0[1-9]\d|31[69])(\d{4,11})(\d{2})(?!\w)", re.ASCII)
_SCHEME = re.compile(r"\b(bearer|basic)(\s{1,4})(?=\S*[\d=+/._-])[\w.~+/=-]{8,}", re.IGNORECASE)


def names_a_secret(name: str) -> bool:
    """True for access_token, Client-Secret, sipPassword and their like, however they are spelled."""
    letters = _letters(name)
    return letters in _SECRET_NAMES or letters.endswith(_SECRET_ENDINGS)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unquote_plus(name).lower())


P = ParamSpec("P")
Shown = TypeVar("Shown")


def _closed(method: Callable[P, Shown]) -> Callable[P, Shown | str]:
    """A line of the log must neither break a call nor show what it could not examine."""

    @wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Shown | str:
        try:
            return method(*args, **kwargs)
        except Exception:  # noqa: BLE001 - any failure at all means that nothing is shown
            return UNSHOWABLE

    return guarded


class Redactor:
    """Removes the given secrets and whatever stands under a secret's name. Safe to share between threads.

    Values shorter than four characters are not looked for: they would be found everywhere. `personal`: people's texts
    are hidden, too, and of their numbers all but the ends.
    """

    def __init__(self, secret_values: Iterable[str] = (), *, personal: bool = False) -> None:
        self._personal = personal
        self._lock = threading.Lock()
        self._given: set[str] = set()
        self._learned: deque[str] = deque(maxlen=MOST_LEARNED)
        self._needles: tuple[str, ...] = ()
        for value in secret_values:
            self.learn(value)

    def learn(self, value: str) -> None:
        """Remember one more secret for good."""
        with self._lock:
            if isinstance(value, str) and len(value) >= SHORTEST_SECRET and value not in self._given:
                self._given.add(value)
                self._renew_needles()

    def learn_from(self, payload: Any) -> None:
        """Remember what stands under secrets' names in a payload; of such values the newest 200 are kept."""
        found = [value for value in _secrets_in(payload, DEEPEST) if len(value) >= SHORTEST_LEARNED]
        with self._lock:
            news = [value for value in found if value not in self._given and value not in self._learned]
            if news:
                self._learned.extend(news)
                self._renew_needles()

    def _renew_needles(self) -> None:
        self._needles = tuple({form for value in (*self._given, *self._learned) for form in _forms(value)})

    @_closed
    def text(self, text: str | bytes) -> str:
        """Any text: a line, a message, an address with its query."""
        whole = _decoded(text)
        cut = len(whole) > LONGEST_INPUT
        # Half a number is not known for one.
        kept = whole[:LONGEST_INPUT].rstrip("+0123456789") if cut and self._personal else whole[:LONGEST_INPUT]
        return _storable(self._scrubbed(kept, cut=cut))

    @_closed
    def body(self, body: str | bytes) -> str:
        """The body of a request or an answer, whatever it is: JSON, a form, or text."""
        if len(body) <= LONGEST_INPUT:
            try:
                parsed = json.loads(body)
            except (ValueError, RecursionError):
                return self.text(body)
            return _storable(self._without_values(json.dumps(self._pruned(parsed, DEEPEST), ensure_ascii=False)))
        return self.text(body)

    @_closed
    def json(self, value: Any) -> Any:
        """The same payload without its secrets."""
        return self._pruned(value, DEEPEST)

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {self.text(name): HIDDEN if self._hides(name) else self.text(value) for name, value in headers.items()}

    def _pruned(self, value: Any, depth: int) -> Any:
        if not depth:
            return UNSHOWABLE
        if isinstance(value, Mapping):
            return {self.text(str(name)): self._pruned_item(str(name), each, depth) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._pruned(each, depth - 1) for each in value]
        if isinstance(value, str | bytes):
            return self.text(value)
        return value if self._without_values(self._without_numbers(str(value))) == str(value) else HIDDEN

    def _hides(self, name: str) -> bool:
        return names_a_secret(name) or (self._personal and _letters(name) in _PERSONAL_NAMES)

    def _without_numbers(self, text: str) -> str:
        return _NUMBER.sub(rf"\1{HIDDEN}\3", text) if self._personal else text

    def _pruned_item(self, name: str, value: Any, depth: int) -> Any:
        return HIDDEN if self._hides(name) and value not in (None, "") else self._pruned(value, depth - 1)

    def _scrubbed(self, text: str, *, cut: bool = False) -> str:
        """By name first: a secret whose value is the word "password" would hide the names of others."""
        text = _SCHEME.sub(rf"\1\2{HIDDEN}", text)
        text = _ASSIGNED.sub(self._assigned, text)
        text = _NAMED.sub(self._named, text)
        text = _ADDRESS.sub(rf"\1{HIDDEN}", text)
        text = self._without_numbers(text)
        return self._without_values(text, cut=cut)

    def _assigned(self, pair: re.Match[str]) -> str:
        name, value = pair.groups()
        plain = unquote_plus(value)
        safe = not self._hides(name) and self._without_values(plain) == plain
        return pair[0] if safe else f"{name}={HIDDEN}"

    def _named(self, pair: re.Match[str]) -> str:
        quoting, name, between, value = pair.groups()
        if not self._hides(name):
            # What follows the name is looked at on its own: it may be an object with names of its own.
            return f"{quoting}{name}{quoting}{between}{_NAMED.sub(self._named, value)}" if ":" in value else pair[0]
        return f"{quoting}{name}{quoting}{between}{HIDDEN}"

    def _without_values(self, text: str, *, cut: bool = False) -> str:
        """Hides every secret, also where two overlap. Of a text that was cut the end goes too: it may be half a one."""
        needles = self._needles
        end = max(0, len(text) - max(map(len, needles), default=0)) if cut else len(text)
        shown, position = [], 0
        for start, stop in _joined(_places(text, needles)):
            if start >= end:
                break
            shown += [text[position:start], HIDDEN]
            position = stop
        return "".join([*shown, text[position:end]])


def _places(text: str, needles: Iterable[str]) -> Iterator[tuple[int, int]]:
    for needle in needles:
        start = text.find(needle)
        while start >= 0:
            yield start, start + len(needle)
            start = text.find(needle, start + 1)


def _joined(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same places in order, those that overlap made one."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(places):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined


@lru_cache(maxsize=512)
def _forms(secret: str) -> frozenset[str]:
    """How a secret looks as it is and after the usual encodings."""
    raw = secret.encode("utf-8", "surrogatepass")
    plain = {secret, raw.decode("latin-1"), html.escape(secret)}
    for _ in range(2):  # JSON is often carried in JSON
        plain |= {json.dumps(form, ensure_ascii=ascii_only)[1:-1] for form in plain for ascii_only in (True, False)}
    plain |= {form.replace("/", "\\/") for form in plain}
    quoted = {quote(raw, safe=""), quote(raw), quote_plus(raw)}
    quoted |= {re.sub("%..", lambda code: code[0].lower(), form) for form in quoted}
    return frozenset(form for form in plain | quoted | _base64_forms(raw) if len(form) >= SHORTEST_SECRET)


def _base64_forms(raw: bytes) -> set[str]:
    """The characters that tell of the secret alone, wherever in a longer encoded text it begins."""
    forms = set()
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        encoded = base64.b64encode(bytes(before) + raw + bytes(3)).decode()[first:last]
        forms |= {encoded, encoded.replace("+", "-").replace("/", "_")}
    return forms


def _secrets_in(value: Any, depth: int, named: bool = False) -> Iterator[str]:
    """The texts that stand under secrets' names, at any depth."""
    if not depth:
        return
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _secrets_in(each, depth - 1, named or names_a_secret(str(name)))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _secrets_in(each, depth - 1, named)
    elif named and isinstance(value, str):
        yield value


def _decoded(text: str | bytes) -> str:
    """Latin-1 loses nothing, so a secret in broken UTF-8 is still found."""
    if isinstance(text, str):
        return text
    kept = text[: LONGEST_INPUT * 4]
    try:
        return kept.decode()
    except UnicodeDecodeError:
        return kept.decode("latin-1")


def _storable(text: str) -> str:
    """Without what PostgreSQL cannot keep: lone surrogates and NUL."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
