"""Kwebbl's "Perform Realtime Call Actions": what the API may do to calls, and to whose."""

import re
from typing import Any

from sandbox import kwebbl_calls as calls
from sandbox import kwebbl_steps as steps
from sandbox.kwebbl_events import Party
from sandbox.kwebbl_session import Session
from sandbox.ledger import EffectKind
from sandbox.store import Row
from sandbox.wire import Reply

TAKEN = 202
NUMBER = re.compile(r"\+?[0-9]{2,18}")


def place_call(session: Session) -> Reply:
    """Between two outsiders it is refused; a dialplan as the caller changes places ("Limitations")."""
    body = session.body()
    caller = _party(session, body["from"]) if body.get("from") else calls.party_of(session.user)
    callee = _party(session, body.get("to"))
    if not calls.is_inside(caller) and not calls.is_inside(callee):
        raise session.company.invalid("Calls between two external numbers are not allowed.")
    if not session.may("calls.create") and caller.get("extension_id") != session.user["extension_id"]:
        raise session.company.denied("Only calls from yourself may be started.")
    if _is_dialplan(session, caller):
        caller, callee = callee, caller
    conversation = calls.begin(session.company, caller, callee)
    steps.answer_by_itself(session.company, conversation)
    session.note("call_placed", {"conversation": conversation, "from": caller, "to": callee})
    return _taken()


def _taken() -> Reply:
    """202, without a word, as the examples have it."""
    return Reply(TAKEN, "", content_type="text/plain")


def _party(session: Session, told: Any) -> Party:
    """The table of parameters spells it `extension_Id`, everything else `extension_id`."""
    if not isinstance(told, dict):
        raise session.company.invalid("A party is an object with a number or an extension_id.")
    number = told.get("number") or ""
    extension_id = told.get("extension_id") or told.get("extension_Id") or ""
    if not isinstance(number, str) or not isinstance(extension_id, str) or not (number or extension_id):
        raise session.company.invalid("A party has a number or an extension_id.")
    if number and not NUMBER.fullmatch(number):
        raise session.company.invalid("A number is digits, with or without + before them.")
    return calls.party_named(session.company, number, extension_id)


def _is_dialplan(session: Session, party: Party) -> bool:
    row = session.company.by_id(party.get("extension_id", ""))
    return row is not None and row["kind"] == "dialplan"


def hang_up_call(session: Session, call_id: str) -> Reply:
    """Of the leg that asks during an attended transfer: the transfer is cancelled, the call goes on."""
    leg = _leg(session, call_id)
    end = calls.cancel_transfer if leg["role"] == "consult" else calls.hang_up
    end(session.company, leg["conversation"])
    return _done(session, leg, "call_hung_up")


def transfer_call(session: Session, call_id: str) -> Reply:
    leg, body = _leg(session, call_id), session.body()
    kind = body.get("transfer_type") or "blind"
    if kind not in ("blind", "attended"):
        raise session.company.invalid("transfer_type is blind or attended.")
    target = _party(session, body.get("target"))
    calls.transfer(session.company, leg, target, attended=kind == "attended", by=session.user["extension_id"])
    steps.answer_by_itself(session.company, leg["conversation"])
    return _done(session, leg, "call_transferred", target=target, transfer_type=kind)


def hold_call(session: Session, call_id: str) -> Reply:
    leg = _leg(session, call_id)
    calls.hold(session.company, leg)
    return _done(session, leg, "call_held")


def resume_call(session: Session, call_id: str) -> Reply:
    leg = _leg(session, call_id)
    calls.resume(session.company, leg)
    return _done(session, leg, "call_resumed")


def start_recording_call(session: Session, call_id: str) -> Reply:
    leg = _leg(session, call_id)
    calls.record(session.company, leg, on=True)
    return _done(session, leg, "recording_started")


def stop_recording_call(session: Session, call_id: str) -> Reply:
    leg = _leg(session, call_id)
    calls.record(session.company, leg, on=False)
    return _done(session, leg, "recording_stopped")


def _leg(session: Session, call_id: str) -> Row:
    """Anybody's with calls.manage, else one's own."""
    leg = calls.find_leg(session.company, call_id)
    own = session.user["extension_id"] in calls.extensions_in(session.company, leg["conversation"])
    if not session.may("calls.manage") and not own:
        raise session.company.denied("Only your own calls may be acted on.")
    return leg


def _done(session: Session, leg: Row, kind: EffectKind, **facts: Any) -> Reply:
    session.note(kind, {"call_id": leg["call_id"], "conversation": leg["conversation"], **facts})
    return _taken()
