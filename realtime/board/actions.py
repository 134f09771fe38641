"""What a person asks of a call: place one, hang up, transfer, hold, resume, record. Each is promised, and sent at most once.

Carried out in `realtime.board.carrying`; what was asked is confirmed by the events that show it (`confirm`).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as _

from portal.operations.promises import once, submit
from portal.operations.refusals import NotPromised
from portal.tenancy.models import Membership
from portal.vendors.models import Connection
from realtime.board import bell
from realtime.board.carrying import KINDS
from realtime.board.confirming import confirm
from realtime.board.rights import CREATE, grant_to_place, grant_to_steer, own_telephone
from realtime.calls.models import LIVE, Call, CallAction, Leg, LegState, known_as
from realtime.calls.parties import Directory, Party, canonical
from realtime.extensions.models import Extension
from realtime.grants.lines import grant_for
from realtime.grants.models import Grant

__all__ = ["Target", "act_on_call", "call_back", "confirm", "place_call", "transfer_call"]

What = CallAction.Kind
SEND_WITHIN = timedelta(seconds=15)
UNDER_WAY = [CallAction.State.ASKED, CallAction.State.TAKEN]
TRANSFERS = (What.TRANSFER_BLIND, What.TRANSFER_ATTENDED)
CHANGED = _("The call is not as it was when you asked: nothing was done. Look at the board again.")
# What has to be going on for something to make sense.
FITS = {
    What.HANG_UP: LIVE,
    What.HOLD: [LegState.TALKING],
    What.RESUME: [LegState.ON_HOLD],
    What.START_RECORDING: [LegState.TALKING, LegState.ON_HOLD],
    What.STOP_RECORDING: [LegState.TALKING, LegState.ON_HOLD],
    What.TRANSFER_BLIND: [LegState.TALKING, LegState.ON_HOLD],
    What.TRANSFER_ATTENDED: [LegState.TALKING, LegState.ON_HOLD],
}


@dataclass(frozen=True)
class Target:
    """Whom to call: an extension of the directory, or a number as it was typed. One of them is set."""

    number: str = ""
    extension: Extension | None = None

    @classmethod
    def of(cls, connection: Connection, typed: str) -> "Target":
        """The extension behind a number, internal or external, where there is one. Raises NotPromised for what is no number."""
        number = canonical(typed)
        if not number.removeprefix("+").isdigit() or not 2 <= len(number.removeprefix("+")) <= 15:
            raise NotPromised(
                _("This is not a telephone number: an internal one, or an external one with its country code.")
            )
        extension = Directory(connection.pk, [Party(number=number)]).extension_of(Party(number=number))
        return cls(number, extension)

    @property
    def external(self) -> bool:
        return self.extension is None and self.number.startswith("+")

    def is_of(self, membership: Membership) -> bool:
        """Is it the person's own telephone?"""
        return self.extension is not None and self.extension.member_id == membership.user_id

    @property
    def label(self) -> str:
        return str(self.extension) if self.extension else self.number

    def on_the_wire(self) -> dict[str, str]:
        if self.extension is not None:
            return {"extension_id": self.extension.vendor_id}
        return {"number": self.number}


@transaction.atomic
def place_call(
    connection: Connection,
    to: Target,
    from_: Target | None = None,
    *,
    form_key: UUID | None = None,
    membership: Membership,
) -> CallAction:
    """Promise a call. Without `from_` it is from the person's own telephone. Raises NotPromised, AlreadySubmitted."""
    once(connection.tenant_id, form_key)
    from_ = from_ or _own(connection, membership)
    _check_ends(to, from_)
    grant = grant_to_place(connection, membership, own=from_ is None or from_.is_of(membership))
    if from_ is None and not grant.personal:
        raise NotPromised(_("Choose the telephone that is to call: none is linked to you."))
    action = _asked(connection, What.PLACE, to, membership.user)
    return _promise_call(action, grant, to, from_, form_key, membership.user)


@transaction.atomic
def call_back(connection: Connection, number: str, agent: Extension, *, form_key: UUID | None = None) -> CallAction:
    """Promise a call of the portal's own, over the company's grant: `agent` is rung first, then `number` (E.164).

    Raises NotPromised, AlreadySubmitted.
    """
    once(connection.tenant_id, form_key)
    to, from_ = Target(number), Target(agent.number, agent)
    grant = grant_for(connection, None, CREATE)
    action = _asked(connection, What.PLACE, to, None)
    return _promise_call(action, grant, to, from_, form_key, None)


def _promise_call(
    action: CallAction, grant: Grant, to: Target, from_: Target | None, form_key: UUID | None, acting_user: Any
) -> CallAction:
    if from_ is not None:
        action.from_number, action.from_extension = from_.number, from_.extension
        action.save(update_fields=["from_number", "from_extension"])
    told = {"to": to.on_the_wire(), **({"from": from_.on_the_wire()} if from_ else {})}
    return _promise(action, grant, f"place:{action.pk}", to.label, told, form_key, acting_user)


def _check_ends(to: Target, from_: Target | None) -> None:
    """Raises NotPromised. What the vendor would refuse is stopped here (its "Limitations")."""
    if to.external and from_ is not None and from_.external:
        raise NotPromised(
            _(
                "A call between two external numbers is not placed, as a guard against fraud. Choose a telephone of yours."
            )
        )
    if from_ is not None and from_.extension is not None and from_.extension == to.extension:
        raise NotPromised(_("A telephone cannot call itself."))


def _own(connection: Connection, membership: Membership) -> Target | None:
    telephone = own_telephone(connection, membership.user)
    return Target(telephone.number, telephone) if telephone else None


@transaction.atomic
def act_on_call(call: Call, what: str, *, form_key: UUID | None = None, membership: Membership) -> CallAction:
    """Promise to hang up, hold, resume, start or stop the recording. Raises NotPromised, AlreadySubmitted."""
    if what in (*TRANSFERS, What.PLACE):
        raise ValueError(f"{what} has a verb of its own")
    return _act(call, What(what), None, form_key, membership)


@transaction.atomic
def transfer_call(
    call: Call, to: Target, *, attended: bool, form_key: UUID | None = None, membership: Membership
) -> CallAction:
    """Promise a transfer; an attended one is finished with * on the telephone and cancelled with #.

    Raises NotPromised, AlreadySubmitted.
    """
    return _act(call, What.TRANSFER_ATTENDED if attended else What.TRANSFER_BLIND, to, form_key, membership)


def _act(call: Call, what: What, to: Target | None, form_key: UUID | None, membership: Membership) -> CallAction:
    once(call.tenant_id, form_key)
    call = _locked(call.pk)
    grant = grant_to_steer(call, membership)
    if call.state not in FITS[what]:
        raise NotPromised(CHANGED)
    if CallAction.objects.filter(call=call, kind=what, state__in=UNDER_WAY).exists():
        raise NotPromised(_("This has been asked for already. Nothing more was sent."))
    leg = _leg_of(call, membership.user_id)
    action = _asked(call.connection, what, to, membership.user, call=call, leg=leg)
    told = {"call_id": leg.vendor_id, **({"target": to.on_the_wire()} if to else {})}
    # Hanging up never waits for what became of something else.
    lane = f"{'hang_up' if what == What.HANG_UP else 'call'}:{leg.vendor_id}"
    return _promise(action, grant, lane, str(call), told, form_key, membership.user)


def _locked(pk: int) -> Call:
    rows = Call.objects.select_for_update(of=("self",)).select_related("connection__tenant").filter(known_as(pk))
    # It may become part of another one while its lock is waited for: then it is gone, and found again by that one.
    call = rows.first() or rows.first()
    if call is None:
        raise NotPromised(CHANGED)
    return call


def _leg_of(call: Call, user_id: int) -> Leg:
    """The leg at the person's own telephone, else the one of somebody here, else any. Raises NotPromised when all ended."""
    legs = list(
        Leg.objects.filter(call=call, ended_at=None).select_related("from_extension", "to_extension").order_by("pk")
    )
    if not legs:
        raise NotPromised(_("The call has ended: nothing was done."))
    ends = {leg.pk: [end for end in (leg.from_extension, leg.to_extension) if end] for leg in legs}
    own = [leg for leg in legs if any(end.member_id == user_id for end in ends[leg.pk])]
    inside = [leg for leg in legs if ends[leg.pk]]
    return (own or inside or legs)[-1]


def _asked(
    connection: Connection,
    what: What,
    to: Target | None,
    acting_user: Any,
    *,
    call: Call | None = None,
    leg: Leg | None = None,
) -> CallAction:
    now = timezone.now()
    return CallAction.objects.create(
        tenant_id=connection.tenant_id,
        connection=connection,
        call=call,
        leg=leg,
        kind=what,
        to_number=to.number if to else "",
        to_extension=to.extension if to else None,
        asked_at=now,
        send_until=now + SEND_WITHIN,
        asked_by=acting_user,
    )


def _promise(
    action: CallAction,
    grant: Grant,
    lane: str,
    label: str,
    told: dict[str, Any],
    form_key: UUID | None,
    acting_user: Any,
) -> CallAction:
    action.operation = submit(
        KINDS[What(action.kind)],
        connection=action.connection,
        lane=lane,
        label=label,
        payload={"grant": grant.pk, **told},
        subject=action,
        form_key=form_key,
        acting_user=acting_user,
    )
    action.save(update_fields=["operation"])
    bell.ring(action.tenant_id)
    return action
