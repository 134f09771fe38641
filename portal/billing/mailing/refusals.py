"""What the verbs of mailing refuse. `str()` is a sentence for the person: what was not done, and what to do next."""

from django.utils.translation import gettext as _

from portal.tenancy.refusals import Refused


class TooManyContacts(Refused):
    def sentence(self) -> str:
        return _("There are as many addresses as can be. Remove one first; nothing was changed.")


class TooManyLinks(Refused):
    def sentence(self) -> str:
        return _("Too many links were mailed. Try again tomorrow, or remove the address; nothing was changed.")


class LinkJustMailed(Refused):
    def sentence(self) -> str:
        return _("A link was mailed to this address a moment ago. Look there first, then try again in some minutes.")


class ContactKnown(Refused):
    def sentence(self) -> str:
        return _("This address is on the list already. Change it there; nothing was changed.")


class ContactGone(Refused):
    def sentence(self) -> str:
        return _("This address is no longer on the list. Nothing was changed.")


class ContactUnconfirmed(Refused):
    def sentence(self) -> str:
        return _("This address is not confirmed, or gets no statements now. Nothing was sent.")


class AlreadyConfirmed(Refused):
    def sentence(self) -> str:
        return _("This address is confirmed already. Nothing was changed.")


class MailOnItsWay(Refused):
    def sentence(self) -> str:
        return _("This statement is on its way to this address already. Nothing more was sent.")


class LinkGone(Refused):
    """A link that no longer does anything. `why` is unknown, used, expired or suspended."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__()

    def sentence(self) -> str:
        return {
            "unknown": _("This link leads nowhere. Perhaps it was cut off in the mail."),
            "used": _("This link has been used already, or the address was taken off the list."),
            "expired": _("The time of this link is over. Ask the company to send another one."),
            "suspended": _("This company is suspended, so nothing can be confirmed now."),
        }[self.why]
