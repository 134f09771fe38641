"""What a person must know to sign a telephone in with a SIP account, as values, steps and a QR code."""

from dataclasses import dataclass
from urllib.parse import quote

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

from telephony.models import SipAccount

# RFC 3261, 25.1: what a SIP URI's password is made of without escapes, beyond letters and digits.
PASSWORD_MARKS = "-_.!~*'()&=+$,"  # noqa: S105
QUIET_ZONE = 4
EXAMPLE_CLIENT = "Zoiper"


@dataclass(frozen=True)
class Sheet:
    """One account's; `domain` is "" until the vendor has told it, `password` unless it was asked for."""

    name: str
    username: str
    domain: str
    proxy: str
    password: str = ""

    @classmethod
    def of(cls, account: SipAccount, password: str = "") -> "Sheet":
        return cls(
            name=account.name or account.username,
            username=account.username,
            domain=account.domain,
            proxy=settings.SIP_OUTBOUND_PROXY,
            password=password,
        )

    @property
    def uri(self) -> str:
        """The SIP URI (RFC 3261, 19.1), with the password where it is shown; "" without a domain."""
        if not self.domain:
            return ""
        secret = f":{quote(self.password, safe=PASSWORD_MARKS)}" if self.password else ""
        return f"sip:{self.username}{secret}@{self.domain};proxy={self.proxy}"

    @property
    def qr(self) -> SafeString:
        """The URI as a QR code, in SVG; "" without a domain."""
        return qr_svg(self.uri) if self.uri else SafeString("")

    @property
    def domain_or_note(self) -> str:
        return self.domain or _("Not told yet; the vendor's support gives it.")

    @property
    def guides(self) -> list[tuple[str, list[str]]]:
        """What to do, step by step: for the client that the vendor's manual has, and for any other."""
        return [(EXAMPLE_CLIENT, self._example_steps()), (_("Any other telephone"), self._generic_steps())]

    def _example_steps(self) -> list[str]:
        return [
            _("Install Zoiper, open it, and choose to sign in with an account that you have."),
            _("As username type the username, an @ and the domain of this sheet; then the password."),
            _("As hostname type the domain."),
            _(
                "Tick the optional outbound proxy, and type the one of this sheet. An authentication name is not needed."
            ),
            _("Let Zoiper look for what works, take SIP UDP, and finish. The account is then shown as ready."),
        ]

    def _generic_steps(self) -> list[str]:
        return [
            _("Add a SIP account, and choose to set it up by hand."),
            _("Fill in domain, username and password. Leave an authentication name empty, or repeat the username."),
            _("Fill in the outbound proxy with its port, and sign in (register)."),
            _("Call a colleague. If the telephone does not sign in, check each value first, letter by letter."),
        ]


def qr_svg(text: str) -> SafeString:
    """`text` as a QR code: black on white in either theme, one unit for each module."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(text)
    rows = code.get_matrix()
    drawing = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        '<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/><path fill="#000" d="{drawing}"/></svg>',
        size=len(rows),
        drawing=drawing,
    )
