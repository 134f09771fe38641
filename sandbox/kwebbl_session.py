"""One call at Kwebbl whose grant is proven: whose it is and what it may do."""

from dataclasses import dataclass
from typing import Any

from sandbox.kwebbl_company import Company
from sandbox.ledger import EffectKind, write_effect
from sandbox.store import Row, Store
from sandbox.wire import Call, decode_object


@dataclass(frozen=True, slots=True)
class Session:
    """`user` is the extension whose owner gave the grant."""

    store: Store
    call: Call
    company: Company
    user: Row
    scopes: frozenset[str]

    def need(self, *scopes: str) -> None:
        """Raises a refusal unless one of them was granted."""
        if not self.scopes.intersection(scopes):
            raise self.company.denied()

    def may(self, scope: str) -> bool:
        return scope in self.scopes

    def body(self) -> dict[str, Any]:
        """Raises a refusal for what is no JSON object."""
        if self.call.content_type.partition(";")[0].strip().lower() != "application/json":
            raise self.company.invalid("The content type is application/json.")
        try:
            return decode_object(self.call.body)
        except ValueError:
            raise self.company.invalid("The body is no JSON object.") from None

    def note(self, kind: EffectKind, facts: dict[str, Any]) -> None:
        told = {**facts, "by": self.user["extension_id"]}
        write_effect(
            self.store,
            self.company.client_id,
            kind,
            told,
            transaction_id=self.call.transaction_id,
            cause=self.call.cause,
        )
