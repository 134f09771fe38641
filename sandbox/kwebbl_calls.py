"""Calls at the simulated Kwebbl: legs that ring, are answered, held, recorded, transferred and end, each change told.

A conversation is one leg between a user and somebody outside, or two that are bridged: the caller's towards a dialplan
or a user, and the one that rings the user. A leg keeps its `call_id` through a blind transfer, which rings the target on it;
an attended one rings the target on a leg of its own (role `consult`) until it is finished or cancelled.
"""

import json
import secrets
from typing import Any

from sandbox.kwebbl_company import Company, caller_ids
from sandbox.kwebbl_events import Party, Told, tell
from sandbox.store import Row
from sandbox.wire import Refusal, iso_utc

ANONYMOUS = "anonymous"


def party_of(row: Row) -> Party:
    return {"number": row["number"], "extension_id": row["extension_id"]}


def outsider(number: str) -> Party:
    """`anonymous` is somebody who tells no number."""
    if number == ANONYMOUS:
        return {"caller_id": ANONYMOUS}
    return {"number": number if number.startswith("+") or not number.isdigit() else f"+{number.removeprefix('00')}"}


def party_named(company: Company, number: str = "", extension_id: str = "") -> Party:
    """Raises a refusal for an extension that is not there; a number of nobody here is somebody outside."""
    row = company.by_id(extension_id) if extension_id else company.by_number(number)
    if row is not None:
        return party_of(row)
    if extension_id or not number:
        raise company.invalid("There is no such extension.")
    return outsider(number)


def is_inside(party: Party) -> bool:
    return "extension_id" in party


# --- Beginning --------------------------------------------------------------------------------------------------------


def begin(company: Company, caller: Party, callee: Party, conversation: str = "") -> str:
    """Lets it ring; returns the conversation. A dialplan rings the first of its users who is not on the phone."""
    conversation = conversation or secrets.token_hex(8)
    caller = _showing_its_number(company, caller)
    target = _rung_by(company, callee)
    if target is None:
        _begin_alone(company, conversation, caller, callee)
    else:
        _begin_bridged(company, conversation, caller, callee, target)
    return conversation


def all_are_free(company: Company, caller: Party, callee: Party) -> bool:
    """Neither who calls nor who would be rung is on the phone."""
    ends = [party["extension_id"] for party in (caller, _rung_by(company, callee)) if party and is_inside(party)]
    return busy_extensions(company).isdisjoint(ends)


def _showing_its_number(company: Company, caller: Party) -> Party:
    """A user's caller ID: the one that was set, else the first that is available."""
    row = company.by_id(caller.get("extension_id", ""))
    numbers = caller_ids(company.store, row["extension_id"]) if row else []
    shown = [each["caller_number"] for each in numbers if row and each["caller_id"] == row["caller_id"]]
    shown = shown or [each["caller_number"] for each in numbers]
    return {**caller, "caller_id": shown[0]} if shown else caller


def _rung_by(company: Company, callee: Party) -> Party | None:
    row = company.by_id(callee.get("extension_id", ""))
    if row is None:
        return None
    if row["kind"] == "user":
        return party_of(row)
    users = [company.by_number(number) for number in json.loads(row["rings"])]
    rung = [party_of(user) for user in users if user is not None]
    busy = busy_extensions(company)
    return next((user for user in rung if user["extension_id"] not in busy), rung[0] if rung else None)


def _begin_alone(company: Company, conversation: str, caller: Party, callee: Party) -> None:
    direction = "outbound" if is_inside(caller) else "inbound"
    leg = _new_leg(company, conversation, "a", direction, {"from": caller, "via": None, "to": callee})
    _tell(company, "created", leg)
    _tell(company, "ringing", _set(company, leg, state="ringing"))


def _begin_bridged(company: Company, conversation: str, caller: Party, callee: Party, target: Party) -> None:
    via = callee if callee["extension_id"] != target["extension_id"] else None
    outer = _new_leg(company, conversation, "a", "inbound", {"from": caller, "via": None, "to": callee})
    _tell(company, "created", outer)
    inner = _new_leg(company, conversation, "b", "outbound", {"from": caller, "via": via, "to": target})
    _tell(company, "created", inner)
    _tell(company, "ringing", _set(company, inner, state="ringing"))
    _tell(company, "ringing", _set(company, outer, state="ringing"))


def _new_leg(company: Company, conversation: str, role: str, direction: str, parties: dict[str, Any]) -> Row:
    """In the document's form of a call's ID, which is not the pattern that it gives."""
    call_id = f"{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    company.store.insert(
        "INSERT INTO kwebbl_legs (call_id, client_id, conversation, role, parties, direction, state, began_at) "
        "VALUES (?, ?, ?, ?, ?, ?, 'created', ?)",
        call_id,
        company.client_id,
        conversation,
        role,
        json.dumps(parties),
        direction,
        iso_utc(),
    )
    return find_leg(company, call_id)


# --- Steps ------------------------------------------------------------------------------------------------------------


def answer(company: Company, conversation: str) -> None:
    """Whoever is rung answers; two legs are bridged then."""
    ringing = [leg for leg in live_legs(company, conversation) if leg["state"] == "ringing"]
    if not ringing:
        raise company.invalid("Nothing is ringing.")
    answered = [_set(company, leg, state="talking", answered_at=iso_utc()) for leg in reversed(ringing)]
    for leg in answered:
        _tell(company, "answered", leg)
    if len(answered) == 2:
        tell(company, Told("bridged", [_told(leg) for leg in reversed(answered)]))


def hold(company: Company, leg: Row) -> None:
    _must_be(company, leg, "talking")
    _tell(company, "holding", _set(company, leg, state="on_hold"))


def resume(company: Company, leg: Row) -> None:
    _must_be(company, leg, "on_hold")
    _tell(company, "resume", _set(company, leg, state="talking"))


def record(company: Company, leg: Row, *, on: bool) -> None:
    _must_be(company, leg, "talking", "on_hold")
    if bool(leg["recording"]) == on:
        raise company.invalid("It is recorded already." if on else "It is not recorded.")
    _tell(company, "start_recording" if on else "stop_recording", _set(company, leg, recording=int(on)))


def _must_be(company: Company, leg: Row, *states: str) -> None:
    if leg["state"] not in states:
        raise company.invalid(f"The call is {leg['state']}.")


def hang_up(company: Company, conversation: str, reason: str = "hangup") -> None:
    """Ends every leg of it. Raises a refusal when it has ended."""
    legs = live_legs(company, conversation)
    if not legs:
        raise company.missing("call")
    for leg in legs:
        _end(company, leg, reason)


def _end(company: Company, leg: Row, reason: str) -> None:
    _tell(company, "terminated", _set(company, leg, state="ended", ended_at=iso_utc(), reason=reason), reason=reason)


# --- Transfers --------------------------------------------------------------------------------------------------------


def transfer(company: Company, leg: Row, target: Party, *, attended: bool = False, by: str = "") -> None:
    """By the user whose extension is `by` where they are in the call, else by the one who was rung."""
    _must_be(company, leg, "talking", "on_hold")
    legs = [each for each in live_legs(company, leg["conversation"]) if each["role"] != "consult"]
    initiator = _initiator(company, legs, by)
    involved = [each for each in legs if initiator["extension_id"] in extensions_on(each)]
    if attended:
        _consult(company, involved[-1], initiator, target)
        return
    for each in involved:
        _tell(company, "ringing", _moved(company, each, initiator, target, "blind", state="ringing"))


def _initiator(company: Company, legs: list[Row], by: str) -> Party:
    inside = [_parties(leg)[side] for leg in reversed(legs) for side in ("to", "from")]
    users = [party for party in inside if _is_user(company, party)]
    users.sort(key=lambda party: party["extension_id"] != by)
    if not users:
        raise company.invalid("Nobody of the company is in this call.")
    return users[0]


def _is_user(company: Company, party: Party) -> bool:
    row = company.by_id(party.get("extension_id", ""))
    return row is not None and row["kind"] == "user"


def _moved(company: Company, leg: Row, initiator: Party, target: Party, kind: str, *, state: str) -> Row:
    before = _parties(leg)
    side = "to" if before["to"].get("extension_id") == initiator["extension_id"] else "from"
    after = {**before, side: target}
    more = {"before": before, "after": after, "initiator": initiator, "transfer_type": kind}
    tell(company, Told("transferred", [_told(leg)], more))
    return _set(company, leg, state=state, parties=json.dumps({**after, "via": None}))


def _consult(company: Company, leg: Row, initiator: Party, target: Party) -> None:
    if any(each["role"] == "consult" for each in live_legs(company, leg["conversation"])):
        raise company.invalid("A transfer is under way.")
    if leg["state"] == "talking":
        hold(company, leg)
    parties = {"from": initiator, "via": None, "to": target}
    asked = _new_leg(company, leg["conversation"], "consult", "outbound", parties)
    _tell(company, "created", asked)
    _tell(company, "ringing", _set(company, asked, state="ringing"))


def finish_transfer(company: Company, conversation: str) -> None:
    """The * on the telephone."""
    held, asked = _under_way(company, conversation)
    initiator, target = (_parties(asked)[side] for side in ("from", "to"))
    for leg in live_legs(company, conversation):
        if leg["role"] == "consult" or initiator["extension_id"] not in extensions_on(leg):
            continue
        moved = _moved(company, leg, initiator, target, "attended", state="talking")
        if leg["id"] == held["id"]:
            _tell(company, "resume", moved)
    _end(company, asked, "transfer")


def cancel_transfer(company: Company, conversation: str) -> None:
    """The # on the telephone."""
    leg, asked = _under_way(company, conversation)
    _end(company, asked, "cancelled")
    resume(company, leg)


def _under_way(company: Company, conversation: str) -> tuple[Row, Row]:
    legs = live_legs(company, conversation)
    held = [leg for leg in legs if leg["state"] == "on_hold" and leg["role"] != "consult"]
    asked = [leg for leg in legs if leg["role"] == "consult"]
    if not held or not asked:
        raise company.invalid("No attended transfer is under way.")
    return held[0], asked[0]


# --- What stands ------------------------------------------------------------------------------------------------------


def find_leg(company: Company, call_id: str) -> Row:
    """Raises a refusal 404, also for a leg that has ended."""
    row = company.store.one(
        "SELECT * FROM kwebbl_legs WHERE client_id = ? AND call_id = ? AND ended_at IS NULL",
        company.client_id,
        call_id.lower(),
    )
    if row is None:
        raise company.missing("call")
    return row


def live_legs(company: Company, conversation: str) -> list[Row]:
    return company.store.all(
        "SELECT * FROM kwebbl_legs WHERE client_id = ? AND conversation = ? AND ended_at IS NULL ORDER BY id",
        company.client_id,
        conversation,
    )


def busy_extensions(company: Company) -> set[str]:
    rows = company.store.all(
        "SELECT * FROM kwebbl_legs WHERE client_id = ? AND ended_at IS NULL ORDER BY id", company.client_id
    )
    return {extension_id for row in rows for extension_id in extensions_on(row)}


def extensions_on(leg: Row) -> set[str]:
    parties = _parties(leg)
    return {party["extension_id"] for party in parties.values() if party and "extension_id" in party}


def extensions_in(company: Company, conversation: str) -> set[str]:
    return {each for leg in live_legs(company, conversation) for each in extensions_on(leg)}


def _parties(leg: Row) -> dict[str, Any]:
    return json.loads(leg["parties"])


def _told(leg: Row) -> dict[str, Any]:
    return {"call_id": leg["call_id"], "direction": leg["direction"], **_parties(leg)}


def _tell(company: Company, event_type: str, leg: Row, **more: Any) -> None:
    tell(company, Told(event_type, [_told(leg)], more))


def _set(company: Company, leg: Row, **columns: Any) -> Row:
    for name, value in columns.items():
        company.store.run(f"UPDATE kwebbl_legs SET {name} = ? WHERE id = ?", value, leg["id"])  # noqa: S608 - our names
    row = company.store.one("SELECT * FROM kwebbl_legs WHERE id = ?", leg["id"])
    if row is None:
        raise Refusal(404, "NotFound", "The leg vanished.")
    return row
