"""Names that recipients see: a company asks for one, support allows or refuses it, the company may give it up."""

import re
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from messaging.inbound.models import VirtualNumber
from messaging.models import LONGEST_SENDER, Sender
from messaging.people.notices import tell_decision
from portal.audit.trail import record
from portal.operations.refusals import NotPromised
from portal.tenancy.authority import require_staff
from portal.tenancy.models import Tenant
from portal.tenancy.refusals import Refused

SHORTEST_SENDER, MOST_SENDERS = 3, 50
# Letters that every telephone shows: those of GSM-7 (GSM 03.38) without accents.
WRITTEN = re.compile(r"[A-Za-z0-9 .&-]+")
State = Sender.State


class DecidedMeanwhile(Refused):
    def sentence(self) -> str:
        return gettext("It does not wait for this decision any more. Reload the page; nothing was changed.")


def check_name(tenant: Tenant, name: str) -> None:
    """Raises NotPromised for a name that telephones may not show, or that reads as somebody's number."""
    if not SHORTEST_SENDER <= len(name) <= LONGEST_SENDER:
        raise NotPromised(
            _("A sender has %(least)s to %(most)s characters. Choose another one; nothing was asked for."),
            least=SHORTEST_SENDER,
            most=LONGEST_SENDER,
        )
    if not WRITTEN.fullmatch(name):
        raise NotPromised(_("A sender has letters without accents, digits, spaces and . - & only. Choose another one."))
    if not any(character.isalpha() for character in name) and not _is_own_number(tenant, name):
        raise NotPromised(
            _("A sender without a letter reads as a number, and this is none of yours. Choose another one.")
        )


def _is_own_number(tenant: Tenant, name: str) -> bool:
    digits = Q(number=name) | Q(number=f"+{name}")
    return name.isdigit() and VirtualNumber.objects.filter(digits, tenant=tenant).exists()


@transaction.atomic
def ask_sender(tenant: Tenant, name: str, *, acting_user: Any) -> Sender:
    """Ask for a name; one that was refused or given up may be asked for again. Raises NotPromised."""
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    check_name(tenant, name)
    found = Sender.objects.filter(tenant=tenant, name=name).first() or _new(tenant, name)
    if found.pk and found.in_use:
        raise NotPromised(_("“%(name)s” was asked for already. Nothing was changed."), name=name)
    found.state, found.why, found.decided_by, found.decided_at = State.ASKED, "", None, None
    found.asked_by, found.asked_at = acting_user, timezone.now()
    found.save()
    record("messaging.sender_asked", found, after={"name": name}, acting_user=acting_user)
    return found


def _new(tenant: Tenant, name: str) -> Sender:
    if Sender.objects.filter(tenant=tenant).count() >= MOST_SENDERS:
        raise NotPromised(_("There are %(most)s senders already, and no more are kept."), most=MOST_SENDERS)
    return Sender(tenant=tenant, name=name)


def allow_sender(sender: Sender, *, reason: str = "", acting_user: Any) -> None:
    """By support staff. Raises StaffOnly, DecidedMeanwhile."""
    _decide(sender, State.ALLOWED, reason, acting_user)


def refuse_sender(sender: Sender, *, reason: str, acting_user: Any) -> None:
    """By support staff, one that was allowed too. The company reads the reason. Raises StaffOnly, DecidedMeanwhile."""
    _decide(sender, State.REFUSED, reason, acting_user)


@transaction.atomic
def _decide(sender: Sender, state: Sender.State, reason: str, acting_user: Any) -> None:
    require_staff(acting_user)
    locked = _locked(sender)
    if locked.state in (state, State.WITHDRAWN):
        raise DecidedMeanwhile
    before = {"state": locked.state}
    locked.state, locked.why = state, reason[:300]
    locked.decided_by, locked.decided_at = acting_user, timezone.now()
    locked.save()
    record(
        "messaging.sender_decided",
        locked,
        before=before,
        after={"state": locked.state},
        reason=reason,
        acting_user=acting_user,
    )
    tell_decision(locked)


@transaction.atomic
def withdraw_sender(sender: Sender, *, acting_user: Any) -> None:
    """The company does without it; nothing new is sent under this name. Raises NotPromised."""
    locked = _locked(sender)
    if not locked.in_use:
        raise NotPromised(_("This sender is not in use any more. Nothing was changed."))
    before, locked.state = {"state": locked.state}, State.WITHDRAWN
    locked.save(update_fields=["state"])
    record("messaging.sender_withdrawn", locked, before=before, acting_user=acting_user)


def _locked(sender: Sender) -> Sender:
    return Sender.objects.select_for_update(of=("self",)).get(pk=sender.pk)
