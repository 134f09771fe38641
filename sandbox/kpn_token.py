"""KPN's token endpoint: client credentials in, a bearer token out, in the shape that KPN documents."""

import hmac
import secrets
import time
from urllib.parse import parse_qs

from sandbox.store import Row, Store
from sandbox.wire import Admission, Call, Refusal, Reply, Vendor

BASE_PATH = "/oauth/client_credential/accesstoken"
HEADERS = {"Cache-Control": "no-store"}


def admit(store: Store, _authorization: str, body: bytes) -> Admission:
    """Everybody may ask; the account that the form names is noted when there is one."""
    account = _account_named_in(store, body)
    return Admission(account["client_id"] if account else None, HEADERS)


def answer(store: Store, call: Call) -> Reply:
    """Raises Refusal: 405, 400 without the grant, 401 for wrong credentials."""
    if call.path not in ("", "/"):
        raise Refusal(404, "NotFound", "There is no such resource.")
    if call.method != "POST":
        raise Refusal(405, "MethodNotAllowed", f"{call.method} is not allowed here.", headers={"Allow": "POST"})
    if parse_qs(call.query).get("grant_type") != ["client_credentials"]:
        raise Refusal(400, "InvalidRequest", "grant_type must be client_credentials.", "grant_type")
    account = _account_named_in(store, call.body)
    if account is None or not _secret_matches(account, call.body):
        raise Refusal(401, "InvalidClient", "The client credentials are not valid.")
    return Reply(200, _token_body(account, _issue_token(store, account)))


def _form(body: bytes) -> dict[str, list[str]]:
    return parse_qs(body.decode("utf-8", errors="replace"), keep_blank_values=True)


def _account_named_in(store: Store, body: bytes) -> Row | None:
    client_id = _form(body).get("client_id", [""])[0]
    return store.one("SELECT * FROM accounts WHERE client_id = ?", client_id)


def _secret_matches(account: Row, body: bytes) -> bool:
    given = _form(body).get("client_secret", [""])[0]
    return hmac.compare_digest(given.encode(), account["client_secret"].encode())


def _issue_token(store: Store, account: Row) -> str:
    token = secrets.token_urlsafe(21)
    now = time.time()
    with store.transaction():
        store.run("DELETE FROM tokens WHERE client_id = ? AND expires_at < ?", account["client_id"], now - 3600)
        store.run("INSERT INTO tokens VALUES (?, ?, ?)", token, account["client_id"], now + account["token_lifetime"])
    return token


def _token_body(account: Row, token: str) -> dict[str, object]:
    return {
        "refresh_token_expires_in": "0",
        "api_product_list": "[kandy-webrtc]",
        "api_product_list_json": ["kandy-webrtc"],
        "organization_name": "kpn",
        "developer_email": f"developer@{account['domain']}",
        "token_type": "Bearer",
        "issued_at": str(int(time.time() * 1000)),
        "client_id": account["client_id"],
        "access_token": token,
        "application_name": f"app-{account['client_id']}",
        "scope": "",
        "expires_in": str(int(account["token_lifetime"])),
        "refresh_count": "0",
        "status": "approved",
    }


def revoke_tokens(store: Store, client_id: str) -> int:
    """Returns how many tokens of the account died, expired ones included."""
    return store.run("DELETE FROM tokens WHERE client_id = ?", client_id)


KPN_TOKEN = Vendor("kpn_token", BASE_PATH, admit, answer, lambda _path: BASE_PATH)
