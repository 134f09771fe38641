"""What a form carries to show that a person filled it in: signed, good for one form, not too young and not too old."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from django.core import signing

YOUNGEST, OLDEST = 3, 3_600  # seconds
STATUS_LIFE = 86_400
LONGEST = 1_000


class ProofFails(Exception):
    """`kind` is young, old, wrong or used."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class Proof:
    """`key` makes of one form one request, however often it is sent; `origin` is the site that showed it, "" if unknown."""

    key: UUID
    origin: str


def new_proof(public_id: str, origin: str) -> str:
    return signing.dumps([uuid4().hex, origin], salt=_salt(public_id))


def read_proof(public_id: str, text: str) -> Proof:
    """Raises ProofFails; one that is too young may be sent again."""
    try:
        key, origin = signing.loads(text[:LONGEST], salt=_salt(public_id), max_age=OLDEST)
    except signing.SignatureExpired:
        raise ProofFails("old") from None
    except signing.BadSignature:
        raise ProofFails("wrong") from None
    try:
        signing.loads(text[:LONGEST], salt=_salt(public_id), max_age=YOUNGEST)
    except signing.SignatureExpired:
        return Proof(UUID(key), origin)
    raise ProofFails("young")


def status_token(public_id: str, request_id: int) -> str:
    """By which a visitor sees what becomes of the own request."""
    return signing.dumps(request_id, salt=f"{_salt(public_id)}:status")


def read_status_token(public_id: str, token: str) -> int:
    """Raises ProofFails."""
    try:
        return signing.loads(token[:LONGEST], salt=f"{_salt(public_id)}:status", max_age=STATUS_LIFE)
    except signing.BadSignature:
        raise ProofFails("wrong") from None


def _salt(public_id: str) -> str:
    return f"realtime.callback:{public_id}"
