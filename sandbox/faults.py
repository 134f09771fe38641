"""Rules for faults to order: which calls they match, and when they strike. What then happens is in mischief.py."""

import json
import random
from dataclasses import dataclass, field
from typing import Any

from sandbox.checks import (
    BadInput,
    Check,
    anything,
    checked,
    error_status,
    one_of,
    positive,
    probability,
    seconds,
    text,
    whole,
    yes_or_no,
)
from sandbox.kpn_token import KPN_TOKEN
from sandbox.kwebbl_tokens import KWEBBL_TOKEN
from sandbox.store import Row, Store

MATCHING: dict[str, Check] = {
    "method": one_of("GET", "POST", "PUT", "PATCH", "DELETE"),
    "path": text,
    "client_id": text,
    "times": positive,
    "probability": probability,
    "seed": whole,
    "skip": whole,
}
# How a rule's path begins that reaches a token endpoint; no other rule does.
TOKEN_ENDPOINTS = {KPN_TOKEN.base_path: "/oauth", KWEBBL_TOKEN.base_path: "/token"}
KINDS: dict[str, dict[str, Check]] = {
    "delay": {"seconds": seconds},
    "lost_answer": {"seconds": seconds},
    "late_work": {"seconds": seconds, "status": error_status},
    "no_work_lost": {"seconds": seconds},
    "status": {"status": error_status, "after_work": yes_or_no},
    "throttle": {"seconds": seconds},
    "reset": {"after_work": yes_or_no},
    "slow_bytes": {"seconds": seconds, "headers": yes_or_no},
    "broken_json": {},
    "redirect": {"location": text, "after_work": yes_or_no},
    "huge": {"megabytes": positive},
    "wrong_shape": {"body": anything},
}


@dataclass(slots=True)
class Fault:
    """One rule. `seen` counts the matching calls that it was asked about, `struck` those it took."""

    id: int
    kind: str
    rule: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    struck: int = 0

    def get(self, name: str, default: Any) -> Any:
        return self.rule.get(name, default)

    def matches(self, client_id: str | None, method: str, base_path: str, path: str) -> bool:
        if self.rule.get("client_id", client_id) != client_id or self.rule.get("method", method) != method:
            return False
        prefix = self.rule.get("path")
        token_endpoint = TOKEN_ENDPOINTS.get(base_path)
        if token_endpoint and not (prefix or "").startswith((token_endpoint, base_path)):
            return False
        return (
            prefix is None
            or prefix.rstrip("/") == token_endpoint
            or _begins_with(path, prefix)
            or _begins_with(base_path + path, prefix)
        )

    def is_spent(self) -> bool:
        return "times" in self.rule and self.struck >= self.rule["times"]

    def strikes(self) -> bool:
        """Asked once a matching call; the answer depends on the rule and on how often it was asked, on nothing else."""
        self.seen += 1
        if self.seen <= self.rule.get("skip", 0) or self.is_spent():
            return False
        if "probability" in self.rule and not self._dice_fall():
            return False
        self.struck += 1
        return True

    def _dice_fall(self) -> bool:
        return random.Random(f"{self.rule.get('seed', 0)}/{self.seen}").random() < self.rule["probability"]

    def shown(self) -> dict[str, Any]:
        return {"id": self.id, "kind": self.kind, **self.rule, "seen": self.seen, "struck": self.struck}


def _begins_with(path: str, prefix: str) -> bool:
    prefix = prefix.rstrip("/")
    return path == prefix or path.startswith(prefix + "/")


class FaultBook:
    """All rules, in the order they were made."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.rules = [_fault(row) for row in store.all("SELECT * FROM faults ORDER BY id")]

    def add(self, given: dict[str, Any]) -> Fault:
        """Raises BadInput."""
        kind, rule = _checked_rule(given)
        row_id = self._store.insert("INSERT INTO faults (rule) VALUES (?)", json.dumps({"kind": kind, **rule}))
        fault = Fault(row_id, kind, rule)
        self.rules.append(fault)
        return fault

    def remove(self, fault_id: int | None = None) -> int:
        """Removes one rule, or all; returns how many."""
        self.rules = [] if fault_id is None else [rule for rule in self.rules if rule.id != fault_id]
        return self._store.run("DELETE FROM faults WHERE ?1 IS NULL OR id = ?1", fault_id)

    def strike(self, client_id: str | None, method: str, base_path: str, path: str) -> Fault | None:
        """The rule that takes this call, if any; the rules after it are not asked."""
        for fault in self.rules:
            if fault.is_spent() or not fault.matches(client_id, method, base_path, path):
                continue
            struck = fault.strikes()
            self._store.run("UPDATE faults SET seen = ?, struck = ? WHERE id = ?", fault.seen, fault.struck, fault.id)
            if struck:
                return fault
        return None


def _fault(row: Row) -> Fault:
    rule = json.loads(row["rule"])
    return Fault(row["id"], rule.pop("kind"), rule, row["seen"], row["struck"])


def _checked_rule(given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    kind = one_of(*KINDS)(given.get("kind"))
    if "times" in given and "probability" in given:
        raise BadInput("times or probability, not both")
    fields = {name: value for name, value in given.items() if name != "kind" and value is not None}
    return kind, checked(fields, MATCHING | KINDS[kind])
