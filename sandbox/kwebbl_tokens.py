"""Kwebbl's token endpoint: codes and refresh tokens in, rotating pairs of tokens out; and who a token lets in."""

import base64
import binascii
import hmac
import json
import secrets
import string
import time
from typing import Any

from sandbox.kwebbl_company import Company, KwebblRefusal
from sandbox.ledger import write_effect
from sandbox.store import Row, Store
from sandbox.wire import Admission, Call, Refusal, Reply, Vendor, decode_object, new_transaction_id

BASE_PATH = "/kwebbl/v100"
TOKEN_PATH = BASE_PATH + "/token"
CODE_LIFETIME = 600
LETTERS = string.ascii_letters + string.digits


class Denied(KwebblRefusal):
    """The token endpoint's no; where the Authorization header was used, it is told in a header as well."""

    def __init__(self, status: int, code: str, message: str, *, in_header: bool = False) -> None:
        super().__init__(status, code, message, "oauth")
        if in_header:
            self.headers = {"WWW-Authenticate": f'Basic error="{code}", error_description="{message}"'}

    def reply(self, transaction_id: str) -> Reply:
        reply = super().reply(transaction_id)
        reply.headers = dict(self.headers)
        return reply


def new_token() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(32))


# --- The endpoint -----------------------------------------------------------------------------------------------------


def admit_to_token(store: Store, authorization: str, body: bytes) -> Admission:
    """Everybody may ask; the account that the header or the body names is noted when there is one."""
    name = _basic(authorization)[0] if authorization else _object(body).get("client_id")
    account = store.one("SELECT client_id FROM accounts WHERE client_id = ?", str(name))
    return Admission(account["client_id"] if account else None, {"Cache-Control": "no-store"}, principal=authorization)


def answer_token(store: Store, call: Call) -> Reply:
    """Raises Denied as documented ("Authorization Code Grant Flow", e)."""
    if call.method != "POST":
        raise Refusal(405, "MethodNotAllowed", f"{call.method} is not allowed here.", headers={"Allow": "POST"})
    body = _object(call.body)
    in_header = bool(call.principal)
    if not body:
        raise Denied(400, "invalid_request", "The body is no JSON object.", in_header=in_header)
    if in_header and body.keys() & {"client_id", "client_secret"}:
        raise Denied(400, "invalid_request", "Multiple client credentials.", in_header=True)
    account = _proven(store, call, body)
    grant_type = body.get("grant_type")
    if grant_type not in ("authorization_code", "refresh_token"):
        raise Denied(400, "invalid_request", "grant_type is missing or unknown.", in_header=in_header)
    with store.transaction():
        give = _by_code if grant_type == "authorization_code" else _by_refresh_token
        # A refresh token that was refused was presented nevertheless, so the count of it is kept.
        answer = give(store, account, body, call)
    if isinstance(answer, Denied):
        raise answer
    return Reply(200, answer)


def _object(body: bytes) -> dict[str, Any]:
    try:
        return decode_object(body)
    except ValueError:
        return {}


def _basic(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return (name, secret) if scheme.lower() == "basic" else ("", "")


def _proven(store: Store, call: Call, body: dict[str, Any]) -> Row:
    name, secret = _basic(call.principal) if call.principal else (body.get("client_id"), body.get("client_secret"))
    if not name or not secret:
        code = (401, "invalid_client") if call.principal else (400, "invalid_request")
        raise Denied(*code, "No client credentials.", in_header=bool(call.principal))
    account = store.one("SELECT * FROM accounts WHERE client_id = ?", str(name))
    if account is None or not hmac.compare_digest(str(secret).encode(), account["client_secret"].encode()):
        raise Denied(401, "invalid_client", "Client authentication failed.", in_header=bool(call.principal))
    if account["blocked"]:
        raise Denied(401, "unauthorized_client", "Client cannot use this method.", in_header=bool(call.principal))
    return account


def _by_code(store: Store, account: Row, body: dict[str, Any], call: Call) -> dict[str, Any] | Denied:
    in_header = bool(call.principal)
    missing = [name for name in ("code", "redirect_uri") if not body.get(name)]
    if missing:
        return Denied(400, "invalid_request", f"{missing[0]} is missing.", in_header=in_header)
    code = store.one("SELECT * FROM kwebbl_codes WHERE code = ?", str(body["code"]))
    fits = (
        code is not None
        and code["client_id"] == account["client_id"]
        and code["redirect_uri"] == body["redirect_uri"]
        and not code["used"]
        and code["expires_at"] > time.time()
    )
    if code is None or not fits:
        return Denied(401, "invalid_grant", "Authorization code is invalid.", in_header=in_header)
    store.run("UPDATE kwebbl_codes SET used = 1 WHERE code = ?", code["code"])
    company, scopes = Company(store, account["client_id"]), json.loads(code["scopes"])
    return give(company, code["extension_id"], scopes, state=code["state"], call=call)


def give(
    company: Company, extension_id: str, scopes: list[str], *, state: str = "", call: Call | None = None
) -> dict[str, Any]:
    """A new grant of a user: the answer with its first pair of tokens."""
    store, client_id = company.store, company.client_id
    if company.manners["one_grant_per_user"]:
        revoke(store, client_id, extension_id)
    grant_id = store.insert(
        "INSERT INTO kwebbl_grants (client_id, extension_id, scopes, client_secret, generation) "
        "SELECT client_id, ?, ?, client_secret, 1 FROM accounts WHERE client_id = ?",
        extension_id,
        json.dumps(scopes),
        client_id,
    )
    facts = {"grant": grant_id, "extension_id": extension_id, "scopes": scopes}
    transaction_id, cause = (call.transaction_id, call.cause) if call else (new_transaction_id(), "behind")
    write_effect(store, client_id, "token_granted", facts, transaction_id=transaction_id, cause=cause)
    return _pair(store, company, grant_id, generation=1, state=state)


def _by_refresh_token(store: Store, account: Row, body: dict[str, Any], call: Call) -> dict[str, Any] | Denied:
    in_header = bool(call.principal)
    given = body.get("refresh_token")
    if not given:
        return Denied(400, "invalid_request", "refresh_token is missing.", in_header=in_header)
    store.run("UPDATE kwebbl_tokens SET presented = presented + 1 WHERE token = ? AND kind = 'refresh'", str(given))
    grant = grant_by_token(store, str(given), "refresh")
    if grant is None or grant["client_id"] != account["client_id"]:
        return Denied(401, "invalid_grant", "Refresh token is invalid", in_header=in_header)
    generation = grant["generation"] + 1
    store.run("UPDATE kwebbl_tokens SET dead = 1 WHERE grant_id = ?", grant["id"])
    store.run("UPDATE kwebbl_grants SET generation = ? WHERE id = ?", generation, grant["id"])
    facts = {"grant": grant["id"], "generation": generation}
    write_effect(
        store, account["client_id"], "token_refreshed", facts, transaction_id=call.transaction_id, cause=call.cause
    )
    return _pair(store, Company(store, account["client_id"]), grant["id"], generation=generation, state="")


def _pair(store: Store, company: Company, grant_id: int, *, generation: int, state: str) -> dict[str, Any]:
    manners, now = company.manners, time.time()
    access, refresh = new_token(), new_token()
    lives = {access: ("access", manners["expires_in"]), refresh: ("refresh", manners["refresh_expires_in"])}
    for token, (kind, lifetime) in lives.items():
        store.run(
            "INSERT INTO kwebbl_tokens (token, kind, grant_id, generation, expires_at) VALUES (?, ?, ?, ?, ?)",
            token,
            kind,
            grant_id,
            generation,
            now + lifetime,
        )
    told = {
        "access_token": access,
        "refresh_token": refresh,
        "expires_in": int(manners["expires_in"]),
        "token_type": "Bearer",
    }
    grant = store.one("SELECT scopes FROM kwebbl_grants WHERE id = ?", grant_id)
    if manners["scope_told"] and grant:
        told["scope"] = " ".join(json.loads(grant["scopes"]))
    return told | ({"state": state} if state and manners["state_told"] else {})


# --- Who a token lets in ----------------------------------------------------------------------------------------------


def admit(store: Store, authorization: str, _body: bytes) -> Admission:
    """`principal` is the grant's number."""
    scheme, _, token = authorization.partition(" ")
    grant = grant_by_token(store, token.strip(), "access") if scheme.lower() == "bearer" else None
    if grant is None:
        refusal = KwebblRefusal(401, "invalid_grant", "Authorization grant is invalid or expired.")
        return Admission(None, {}, refusal)
    return Admission(grant["client_id"], {}, principal=str(grant["id"]))


def grant_by_token(store: Store, token: str, kind: str) -> Row | None:
    """The living grant that the token stands for; a secret that was made anew has killed all that came before."""
    return store.one(
        "SELECT kwebbl_grants.* FROM kwebbl_tokens JOIN kwebbl_grants ON kwebbl_grants.id = grant_id "
        "JOIN accounts USING (client_id, client_secret) "
        "WHERE token = ? AND kind = ? AND NOT dead AND NOT revoked AND expires_at > ?",
        token,
        kind,
        time.time(),
    )


def revoke(store: Store, client_id: str, extension_id: str | None = None) -> int:
    """Ends the grants of a company, or those of one of its users; returns how many."""
    return store.run(
        "UPDATE kwebbl_grants SET revoked = 1 "
        "WHERE client_id = ?1 AND NOT revoked AND (?2 IS NULL OR extension_id = ?2)",
        client_id,
        extension_id,
    )


KWEBBL_TOKEN = Vendor("kwebbl_token", TOKEN_PATH, admit_to_token, answer_token, lambda _path: "/token")
