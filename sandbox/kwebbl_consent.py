"""Kwebbl's consent page ("Authorization Code Grant Flow", a to c): a form that a browser can walk through."""

import json
import time
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from aiohttp import web

from sandbox.exchange import Sandbox
from sandbox.kwebbl_company import SCOPES, Company
from sandbox.kwebbl_tokens import BASE_PATH, CODE_LIFETIME, new_token
from sandbox.ledger import log_outcome, log_request
from sandbox.store import Row, Store
from sandbox.wire import new_transaction_id

AUTHORIZE_PATH = BASE_PATH + "/authorize"
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title></head>
<body><main><h1>{title}</h1>{body}</main></body>
</html>
"""
FORM = """
<p>{client} wants to:</p>
<ul>{scopes}</ul>
<form method="post">
<p><label>Login name <input name="login" autocomplete="username"></label></p>
<p><label>Password <input name="password" type="password" autocomplete="current-password"></label></p>
<p><button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></p>
</form>
"""


class Shown(Exception):
    """An error that is shown here and told to no client: nobody knows whose address this is."""


@dataclass(frozen=True)
class Visit:
    """A request that may be answered by a redirect: `error` is "" when it is in order."""

    company: Company
    redirect_uri: str
    state: str
    scopes: tuple[str, ...]
    error: str = ""

    def back(self, **answer: str) -> web.Response:
        told = {**answer, **({"state": self.state} if self.state else {})}
        joint = "&" if urlsplit(self.redirect_uri).query else "?"
        return web.Response(status=302, headers={"Location": f"{self.redirect_uri}{joint}{urlencode(told)}"})


async def serve(sandbox: Sandbox, request: web.Request) -> web.Response:
    """GET shows the form, POST answers it; both with the query of the client's redirect."""
    store = sandbox.store
    seq = log_request(
        store, request.query.get("client_id"), request.method, request.path, "/authorize", new_transaction_id()
    )
    form = dict(parse_qsl((await request.read()).decode("utf-8", "replace")))
    try:
        response = _answer(_visit(store, dict(request.query)), request.method, form)
    except Shown as error:
        response = _page("This request cannot be answered", f"<p>{escape(str(error))}</p>", status=400)
    log_outcome(store, seq, response.status)
    return response


def _visit(store: Store, query: dict[str, str]) -> Visit:
    account = store.one("SELECT * FROM accounts WHERE client_id = ?", query.get("client_id", ""))
    if account is None:
        raise Shown("The client ID is not known.")
    company = Company(store, account["client_id"])
    uri = query.get("redirect_uri", "")
    expected = company.manners["redirect_uri"]
    if not uri.startswith(("http://", "https://")) or (expected is not None and uri != expected):
        raise Shown("The redirect URL is not the one that was registered.")
    scopes = tuple(query.get("scope", "").split())
    error = company.manners["consent_error"] or _error(account, query, scopes)
    return Visit(company, uri, query.get("state", ""), scopes, error)


def _error(account: Row, query: dict[str, str], scopes: tuple[str, ...]) -> str:
    if account["blocked"]:
        return "unauthorized_client"
    if not query.get("response_type") or not set(scopes) <= SCOPES.keys():
        return "invalid_request"
    return "" if query["response_type"] == "code" else "unsupported_response_type"


def _answer(visit: Visit, method: str, form: dict[str, str]) -> web.Response:
    if visit.error:
        return visit.back(error=visit.error)
    if method == "GET":
        scopes = "".join(f"<li>{escape(scope)}</li>" for scope in visit.scopes)
        return _page("Kwebbl", FORM.format(client=escape(visit.company.client_id), scopes=scopes))
    if form.get("decision") != "allow":
        return visit.back(error="access_denied")
    user = _signed_in(visit.company, form)
    if user is None:
        return visit.back(error="invalid_grant")
    if any(SCOPES[scope] for scope in visit.scopes) and not user["admin"]:
        return visit.back(error="access_denied", error_description="Only an admin may grant this.")
    return visit.back(code=_new_code(visit, user))


def _signed_in(company: Company, form: dict[str, str]) -> Row | None:
    return company.store.one(
        "SELECT * FROM kwebbl_extensions WHERE client_id = ? AND kind = 'user' AND login = ? AND password = ?",
        company.client_id,
        form.get("login", ""),
        form.get("password", ""),
    )


def _new_code(visit: Visit, user: Row) -> str:
    code = new_token()
    visit.company.store.insert(
        "INSERT INTO kwebbl_codes (code, client_id, extension_id, scopes, redirect_uri, state, expires_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        code,
        visit.company.client_id,
        user["extension_id"],
        json.dumps(visit.scopes),
        visit.redirect_uri,
        visit.state,
        time.time() + CODE_LIFETIME,
    )
    return code


def _page(title: str, body: str, status: int = 200) -> web.Response:
    page = PAGE.format(title=escape(title), body=body)
    return web.Response(status=status, text=page, content_type="text/html", headers={"Cache-Control": "no-store"})
