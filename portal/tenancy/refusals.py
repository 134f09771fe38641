"""What the verbs of this app refuse. `str()` is a sentence for the person: what was not done, and what to do next."""

from typing import Any

from django.utils.translation import gettext as _


class Refused(Exception):
    """Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(self.sentence())

    def sentence(self) -> str:
        raise NotImplementedError


class LastOwner(Refused):
    def sentence(self) -> str:
        return _("This is the last owner. Appoint another owner first; nothing was changed.")


class OwnersOnly(Refused):
    def sentence(self) -> str:
        return _("Only an owner can appoint, invite, change or remove owners. Ask an owner; nothing was changed.")


class AdminsOnly(Refused):
    def sentence(self) -> str:
        return _("Only an owner or an admin can do this. Nothing was changed.")


class StaffOnly(Refused):
    def sentence(self) -> str:
        return _("Only support staff can do this. Nothing was changed.")


class ReasonMissing(Refused):
    def sentence(self) -> str:
        return _("Give a reason. Nothing was changed.")


class NoLongerMember(Refused):
    def sentence(self) -> str:
        return _("This person is no longer a member. Reload the page; nothing was changed.")


class AlreadyMember(Refused):
    def sentence(self) -> str:
        return _("This person is a member already. Nothing was changed.")


class AlreadyInvited(Refused):
    def sentence(self) -> str:
        return _("This address has been invited already. Send that invitation again, or withdraw it first.")


class SecondFactorFirst(Refused):
    def sentence(self) -> str:
        return _("Set up two-factor sign-in for yourself first, or you would lock yourself out. Nothing was changed.")


class SlugTaken(Refused):
    def sentence(self) -> str:
        return _("Another company has this address. Choose another one; nothing was changed.")


class InvitationGone(Refused):
    """An invitation that can no longer be accepted. `why` is unknown, accepted, revoked, expired or suspended."""

    def __init__(self, why: str, invitation: Any = None) -> None:
        self.why, self.invitation = why, invitation
        super().__init__()

    def sentence(self) -> str:
        return {
            "unknown": _("This link does not lead to an invitation. Perhaps it was cut off in the mail."),
            "accepted": _("This invitation has been used already."),
            "revoked": _("This invitation was withdrawn."),
            "expired": _("The time of this invitation is over."),
            "suspended": _("This company is suspended, so nobody can join it now."),
        }[self.why]


class InvitedSomebodyElse(Refused):
    """The person signed in has not verified the invited address."""

    def sentence(self) -> str:
        return _("This invitation is for another e-mail address. Nothing was changed.")
