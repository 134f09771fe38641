"""What the verbs of setup links refuse. `str()` is a sentence for the person: what was not done, and what to do next."""

from django.utils.translation import gettext as _

from portal.tenancy.refusals import Refused


class NothingToShow(Refused):
    def sentence(self) -> str:
        return _("This SIP account is not active, or its password is not known yet. No link was sent; try again later.")


class TooManySetupLinks(Refused):
    def sentence(self) -> str:
        return _("Too many links were sent for this SIP account today. Try again tomorrow; nothing was sent.")


class LinkOver(Refused):
    def sentence(self) -> str:
        return _("This link was opened, revoked or has ended already. Nothing was changed.")


class LinkGone(Refused):
    """Alike for a link that never was, was opened, was revoked or has ended: a stranger learns nothing from it."""

    def sentence(self) -> str:
        return _("A setup link works once, for a few days, and can be revoked. This one shows nothing (any more).")
