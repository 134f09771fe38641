"""What a line comes to, held against what is proven. Pure arithmetic, no clock and no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from portal.billing.invoices.models import VendorInvoiceLine
from portal.billing.invoices.proving import Proof

Outcome = VendorInvoiceLine.Outcome
State = VendorInvoiceLine.State


@dataclass(frozen=True)
class Explanation:
    """Something that was found. `code` is a key of `portal.billing.invoices.wording.SENTENCES`, `facts` what it tells."""

    code: str
    facts: Mapping[str, Any]

    def as_json(self) -> list[Any]:
        return [self.code, {name: _plain(value) for name, value in self.facts.items()}]


def _plain(value: Any) -> Any:
    return value if isinstance(value, int | str) else str(value)


def outcome_of(count: int, amount: Decimal, proof: Proof) -> Outcome:
    """A wrong count explains an amount that is right for that count; then only the count differs."""
    if proof.value is None:
        return Outcome.NO_LEDGER
    if proof.value < count <= (proof.at_most or proof.value):
        return Outcome.UNDECIDED
    if count == proof.value:
        return _by_amount(amount, proof.expected)
    right_for_its_count = proof.terms.cost_price is None or amount in (proof.expected, proof.amount_of(count))
    return Outcome.COUNT if right_for_its_count else Outcome.BOTH


def _by_amount(amount: Decimal, expected: Decimal | None) -> Outcome:
    if expected is None:
        return Outcome.UNPRICED
    return Outcome.MATCHES if amount == expected else Outcome.AMOUNT


def state_of(outcome: Outcome) -> State:
    return State.MATCHED if outcome == Outcome.MATCHES else State.OPEN
