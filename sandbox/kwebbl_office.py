"""An office's calls, planned beforehand: customers call in, colleagues call out and each other, nobody twice at once."""

import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

from sandbox import kwebbl_steps as steps
from sandbox.kwebbl_calls import ANONYMOUS
from sandbox.kwebbl_company import Company

RING = (3.0, 20.0)
TALK = (20.0, 240.0)
# The step that plans the next minutes of an office that goes on by itself.
OFFICE = "office"
AHEAD_MINUTES = 60
# Of the calls from outside so many come from `office_callers`, where there are any.
KNOWN_CALLERS = 0.6


@dataclass
class Plan:
    """Steps at seconds of the office's own time. `free_at` is when each user can be on the phone again."""

    dice: random.Random
    users: list[str]
    dialplans: list[str]
    callers: list[str] = field(default_factory=list)
    steps: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    free_at: dict[str, float] = field(default_factory=dict)
    calls: int = 0

    def add(self, at: float, do: str, conversation: str, **more: Any) -> None:
        self.steps.append((at, {"do": do, "conversation": conversation, **more}))

    def free(self, at: float) -> list[str]:
        return [user for user in self.users if self.free_at.get(user, 0) <= at]


def plan(
    company: Company,
    seed: int = 0,
    minutes: float = 60.0,
    speed: float = 60.0,
    per_minute: int = 2,
    *,
    if_free: bool = False,
) -> dict[str, Any]:
    """The same seed plans the same calls. Returns how many, and the seconds until the last step.

    `if_free`: calls whose people are on the phone when they begin, are not made.
    """
    extensions = company.extensions()
    numbers = {kind: [row["number"] for row in extensions if row["kind"] == kind] for kind in ("user", "dialplan")}
    made = Plan(
        random.Random(f"office/{seed}"), numbers["user"], numbers["dialplan"], company.manners["office_callers"]
    )
    at = made.dice.expovariate(per_minute / 60)
    while at < minutes * 60:
        _plan_call(made, at)
        at += made.dice.expovariate(per_minute / 60)
    for moment, step in made.steps:
        if if_free and step["do"] == "begin":
            step["if_free"] = True
        steps.later(company, moment / max(speed, 0.001), **step)
    last = max((moment for moment, _step in made.steps), default=0.0)
    return {"calls": made.calls, "steps": len(made.steps), "seconds": last / max(speed, 0.001)}


def open_office(company: Company) -> None:
    """Calls go on by themselves from now on, while the manner `office_per_minute` says how many."""
    planned = company.store.all("SELECT step FROM kwebbl_steps WHERE client_id = ?", company.client_id)
    if company.manners["office_per_minute"] and not any(json.loads(row["step"])["do"] == OFFICE for row in planned):
        steps.later(company, 0, OFFICE, "")


def _go_on(company: Company, _conversation: str) -> None:
    per_minute = company.manners["office_per_minute"]
    if per_minute > 0:
        plan(company, seed=int(time.time()), minutes=AHEAD_MINUTES, speed=1, per_minute=per_minute, if_free=True)
        steps.later(company, AHEAD_MINUTES * 60, OFFICE, "")


steps.WHOLE[OFFICE] = _go_on


def _plan_call(made: Plan, at: float) -> None:
    free = made.free(at)
    if not free:
        return
    dice = made.dice
    user = dice.choice(free)
    caller, callee = _ends(made, at, free, user)
    conversation = f"{dice.getrandbits(64):016x}"
    made.calls += 1
    made.add(at, "begin", conversation, caller=caller, callee=callee)
    rung = at + dice.uniform(*RING)
    end = _plan_talk(made, rung, conversation, free, user) if dice.random() < 0.85 else rung
    reason = "hangup" if end > rung else dice.choice(["no-answer", "busy"])
    made.add(end, "hang_up", conversation, reason=reason)
    for each in {user, caller, callee} & {*made.users, *made.callers}:
        made.free_at[each] = end + 5


def _ends(made: Plan, at: float, free: list[str], user: str) -> tuple[str, str]:
    known = made.dice.random() < 0.95
    outside = _outside(made, at) if known else ANONYMOUS
    kind = made.dice.random()
    if (kind < 0.6 or not known) and made.dialplans:
        return outside, made.dice.choice(made.dialplans)
    others = [each for each in free if each != user]
    if kind < 0.8 and others:
        return user, made.dice.choice(others)
    return user, outside


def _outside(made: Plan, at: float) -> str:
    callers = [each for each in made.callers if made.free_at.get(each, 0) <= at]
    if callers and made.dice.random() < KNOWN_CALLERS:
        return made.dice.choice(callers)
    return f"+316{made.dice.randrange(10_000_000, 99_999_999)}"


def _plan_talk(made: Plan, at: float, conversation: str, free: list[str], user: str) -> float:
    """What happens from the answer on; returns when it ends."""
    dice = made.dice
    made.add(at, "answer", conversation)
    length = dice.uniform(*TALK)
    if dice.random() < 0.2:
        made.add(at + length * 0.1, "start_recording", conversation)
        made.add(at + length * 0.9, "stop_recording", conversation)
    if dice.random() < 0.2:
        made.add(at + length * 0.2, "hold", conversation)
        made.add(at + length * 0.4, "resume", conversation)
    others = [each for each in free if each != user]
    if others and dice.random() < 0.15:
        _plan_transfer(made, at + length * 0.5, length * 0.1, conversation, dice.choice(others))
    return at + length


def _plan_transfer(made: Plan, at: float, length: float, conversation: str, target: str) -> None:
    attended = made.dice.random() < 0.4
    made.add(at, "transfer", conversation, target=target, attended=attended)
    made.add(at + length, "answer", conversation)
    if attended:
        done = made.dice.choice(["finish_transfer", "cancel_transfer"])
        made.add(at + 2 * length, done, conversation)
