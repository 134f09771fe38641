"""Where events come to: an address for each subscription that nobody can guess, and of which a digest alone is kept."""

import hashlib
import re
import secrets
from urllib.parse import urlsplit

from django.conf import settings

PREFIX = "/live/events/"
SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
LONGEST_SHOWN = 200


def new_address() -> tuple[str, str]:
    """A new callback address, and the digest it is known by. The address is kept nowhere: it is made when it is sent."""
    secret = secrets.token_urlsafe(32)
    return f"{_place()}{secret}", digest_of(secret)


def digest_of(secret: str) -> str:
    """SHA-256 in hex: what can be looked up in an index tells nothing about the secret itself."""
    return hashlib.sha256(secret.encode()).hexdigest()


def digest_in(url: str) -> str:
    """By which an address below this portal's is known; "" for one elsewhere, or one that no subscription of ours can have."""
    secret = url.removeprefix(_place())
    return digest_of(secret) if is_ours(url) and SECRET.fullmatch(secret) else ""


def is_ours(url: str) -> bool:
    """Below the place where this portal takes events, whether a subscription is known there or not."""
    return url.startswith(_place())


def shown(url: str) -> str:
    """Where somebody else's address leads, without what may be its secret: host and first part of the path."""
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if is_ours(url):
        return f"{_place()}…"
    first, _slash, rest = parts.path.removeprefix("/").partition("/")
    path = first if len(first) < 32 else "…"
    return f"{host}/{path}{'/…' if rest or parts.query else ''}"[:LONGEST_SHOWN]


def _place() -> str:
    return settings.PORTAL_URL + PREFIX
