"""What happens to calls by itself at its time: an answer after a while, and the steps of an hour of office life."""

import json
import time
from collections.abc import Callable
from typing import Any

from sandbox import kwebbl_calls as calls
from sandbox.kwebbl_company import Company
from sandbox.store import Store
from sandbox.wire import Refusal


def later(company: Company, seconds: float, do: str, conversation: str, **more: Any) -> None:
    company.store.insert(
        "INSERT INTO kwebbl_steps (due_at, client_id, step) VALUES (?, ?, ?)",
        time.time() + seconds,
        company.client_id,
        json.dumps({"do": do, "conversation": conversation, **more}),
    )


def answer_by_itself(company: Company, conversation: str) -> None:
    if company.manners["answer_after"] is not None:
        later(company, company.manners["answer_after"], "answer", conversation)


def do_due_steps(store: Store, now: float) -> None:
    """A step that no longer fits, because somebody else acted on the call, is left out."""
    for row in store.all("SELECT * FROM kwebbl_steps WHERE due_at <= ? ORDER BY due_at, id LIMIT 200", now):
        with store.transaction():
            store.run("DELETE FROM kwebbl_steps WHERE id = ?", row["id"])
            _try(Company(store, row["client_id"]), json.loads(row["step"]))


def _try(company: Company, step: dict[str, Any]) -> None:
    try:
        take(company, **step)
    except Refusal:
        return


def take(company: Company, do: str, conversation: str, **more: Any) -> None:
    """One step of a conversation by its name, as the telephones would take it. Raises Refusal where it does not fit."""
    if do == "begin":
        caller, callee = (_party(company, more[side]) for side in ("caller", "callee"))
        if more.get("if_free") and not calls.all_are_free(company, caller, callee):
            raise company.invalid("Somebody is on the phone.")
        calls.begin(company, caller, callee, conversation)
    elif do in WHOLE:
        WHOLE[do](company, conversation, **more)
    else:
        _on_leg(company, do, conversation, **more)


def _party(company: Company, number: str) -> calls.Party:
    return calls.party_named(company, number)


def _on_leg(company: Company, do: str, conversation: str, call_id: str = "", **more: Any) -> None:
    """On the leg at the user's telephone unless another is named."""
    legs = calls.live_legs(company, conversation)
    chosen = [leg for leg in legs if leg["call_id"] == call_id] or [leg for leg in legs if leg["role"] != "consult"]
    if not chosen:
        raise company.missing("call")
    leg = chosen[-1]
    if do == "transfer":
        target = _party(company, more.pop("target"))
        calls.transfer(company, leg, target, **more)
    else:
        ON_LEG[do](company, leg)


WHOLE: dict[str, Callable[..., None]] = {
    "answer": calls.answer,
    "hang_up": calls.hang_up,
    "finish_transfer": calls.finish_transfer,
    "cancel_transfer": calls.cancel_transfer,
}
ON_LEG: dict[str, Callable[..., None]] = {
    "hold": calls.hold,
    "resume": calls.resume,
    "start_recording": lambda company, leg: calls.record(company, leg, on=True),
    "stop_recording": lambda company, leg: calls.record(company, leg, on=False),
}
STEPS = ("transfer", *WHOLE, *ON_LEG)
