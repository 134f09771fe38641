"""What a SIP account may be, whether somebody types it or a file brings it. Each raises NotPromised."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from django.db.models.functions import Lower
from django.utils.translation import gettext_noop as _

from portal.operations.refusals import NotPromised
from portal.sentences import Sentence
from telephony.client import SIP_USERNAME
from telephony.models import SipAccount
from telephony.numbers import external_number, internal_number

LONGEST_NAME = 100


@dataclass(frozen=True)
class Wanted:
    """What a SIP account shall say of itself; "" is none."""

    name: str = ""
    internal_number: str = ""
    external_number: str = ""
    mwi_account: str = ""

    def checked(self) -> "Wanted":
        """With its numbers as they are sent. Raises NotPromised."""
        for value, what in ((self.name, _("The name")), (self.mwi_account, _("The voicemail account"))):
            if len(value) > LONGEST_NAME:
                raise NotPromised(
                    _("%(what)s is longer than %(most)s characters."), what=Sentence(what), most=LONGEST_NAME
                )
        return replace(
            self,
            internal_number=internal_number(self.internal_number),
            external_number=external_number(self.external_number),
        )

    def differing_from(self, account: SipAccount) -> dict[str, str]:
        """The fields that the account has otherwise."""
        return {name: value for name, value in vars(self).items() if getattr(account, name) != value}


def checked_fields(told: Mapping[str, str]) -> dict[str, str]:
    """Those of `Wanted` that are told, as they are sent; the others are not looked at. Raises NotPromised."""
    wanted = Wanted(**told).checked()
    return {name: getattr(wanted, name) for name in told}


def check_username(connection_id: int, username: str) -> None:
    check_new(username, taken_usernames(connection_id, [username]))


def check_new(username: str, taken: set[str]) -> None:
    """`taken` as `taken_usernames` tells it."""
    if not SIP_USERNAME.fullmatch(username):
        raise NotPromised(
            _(
                "Use 1 to 64 letters without accents, digits and the marks that SIP allows (- _ . ! ~ * ' ( ) & = + $ , ; ? /)."
            )
        )
    if username.lower() in taken:
        raise NotPromised(_("There is a SIP account “%(name)s” already."), name=username)


def taken_usernames(connection_id: int, usernames: Iterable[str]) -> set[str]:
    """Which of `usernames` live already, in lower case; their case does not tell them apart."""
    wanted = {username.lower() for username in usernames}
    living = SipAccount.objects.living().filter(connection_id=connection_id).annotate(plain=Lower("username"))
    return set(living.filter(plain__in=wanted).values_list("plain", flat=True))


def check_active(account: SipAccount) -> None:
    if account.state != SipAccount.State.ACTIVE:
        raise NotPromised(
            _("Only an active SIP account can be changed or deleted; this one is: %(state)s."),
            state=str(account.get_state_display()),
        )
    if not account.vendor_id:
        raise NotPromised(
            _("The vendor's ID of this account is not known yet; the next reading brings it. Try again then.")
        )
