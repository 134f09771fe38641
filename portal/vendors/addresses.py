"""Which addresses a connection may have: the portal sends credentials there, and must not be led into its own network.

Names are not looked up here, since that would wait for the network inside a page; what a name leads to is checked where
the connection is made.
"""

from urllib.parse import SplitResult, parse_qsl, urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.utils.translation import gettext_lazy as _

from portal.vendors.network import is_public, number_of
from portal.vendors.redaction import names_a_secret

MAX_CUSTOMER_URL = 2_000
# Names that mean this machine or this network wherever they are asked for (RFC 6761, RFC 6762, RFC 9476 and custom).
INNER_ENDINGS = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "arpa", "alt")


def check_base_url(url: str) -> None:
    """Raises ValidationError unless calls may be made to `url`."""
    parts = _checked(url)
    if parts.query:
        raise ValidationError(_("Leave out the part after “?”: each call adds its own."), code="query")


def check_token_url(url: str) -> None:
    """Raises ValidationError unless credentials may be sent to `url`."""
    parts = _checked(url)
    if any(names_a_secret(name) or name == "client_id" for name, _value in parse_qsl(parts.query)):
        raise ValidationError(_("Credentials do not belong into the address."), code="credentials")


def check_customer_url(url: str) -> None:
    """Raises ValidationError unless `url` may be fetched, or be given to a vendor to fetch."""
    if len(url) > MAX_CUSTOMER_URL:
        raise ValidationError(
            _("The address is longer than %(most)d characters."), code="long", params={"most": MAX_CUSTOMER_URL}
        )
    _checked(url)


def _checked(url: str) -> SplitResult:
    insecure = settings.VENDOR_ALLOW_INSECURE_URLS
    parts = _split(url)
    if parts.scheme != "https" and not (insecure and parts.scheme == "http"):
        raise ValidationError(_("The address must begin with https://."), code="scheme")
    if parts.username is not None or parts.password is not None:
        raise ValidationError(_("Credentials do not belong into the address."), code="credentials")
    if "#" in url:
        raise ValidationError(_("Leave out the part after “#”: it is never sent."), code="fragment")
    if not insecure:
        _check_host(parts.hostname or "")
    return parts


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        # A port that is none is only found out by looking at it.
        if not parts.hostname or parts.port == 0 or "\\" in url or any(letter.isspace() for letter in url):
            raise ValueError(url)
    except ValueError:
        raise ValidationError(_("This is no address of a service."), code="invalid") from None
    return parts


def _check_host(host: str) -> None:
    """Neither a number nor a name of this machine's own network."""
    number = number_of(host)
    labels = host.rstrip(".").lower().split(".")
    inner = not is_public(number) if number else len(labels) < 2 or labels[-1] in INNER_ENDINGS
    if inner:
        raise ValidationError(_("This address lies in a private network; the portal does not call it."), code="private")
    if not number:
        URLValidator(schemes=["https"])(f"https://{host}/")
