"""Where a hosted script is for the vendor, whose script an address leads to, and how an address is shown without its secret."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from telephony.scripts.authoring import path_of
from telephony.scripts.models import CallScript
from telephony.scripts.serving import PREFIX, digest_of

LONGEST_SHOWN = 150


@dataclass(frozen=True)
class Address:
    """Of a script: a hosted one's, or one elsewhere."""

    hosted: CallScript | None = None
    url: str = ""

    def __str__(self) -> str:
        return self.hosted.name if self.hosted else shown(self.url)

    @property
    def full(self) -> str:
        """What is sent to the vendor; a secret."""
        return public_address(self.hosted) if self.hosted else self.url


def public_address(script: CallScript) -> str:
    """What the vendor fetches. It is a secret: built when it is sent, and kept nowhere but sealed."""
    return settings.PORTAL_URL + path_of(script)


def script_at(url: str) -> CallScript | None:
    """The living call script of the scope's tenant that is served at `url`; None for an address elsewhere."""
    if not is_ours(url):
        return None
    digest = digest_of(url.removeprefix(settings.PORTAL_URL + PREFIX))
    return CallScript.objects.living().filter(address_digest=digest).first()


def is_ours(url: str) -> bool:
    """Below the place where this portal serves scripts, whether one is there or not."""
    return url.startswith(settings.PORTAL_URL + PREFIX)


def shown(url: str) -> str:
    """Host and path, since what follows "?" may be a key; of an address of ours the host alone."""
    parts = urlsplit(url)
    path = f"{PREFIX}…" if is_ours(url) else parts.path
    return f"{parts.netloc.rpartition('@')[2]}{path}{'?…' if parts.query else ''}"[:LONGEST_SHOWN]
