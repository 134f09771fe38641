"""The web application: every simulated vendor at its base path, the control API beside them."""

from functools import partial

from aiohttp import web

from sandbox import apidaze_control, kpn_sms_control, kwebbl_consent, kwebbl_control
from sandbox.apidaze import APIDAZE
from sandbox.control_api import control_app
from sandbox.exchange import Sandbox
from sandbox.kandy import KANDY
from sandbox.kpn_keys import KPN_KEYS
from sandbox.kpn_sms import KPN_SMS
from sandbox.kpn_token import KPN_TOKEN
from sandbox.kwebbl import KWEBBL
from sandbox.kwebbl_post import posting
from sandbox.kwebbl_tokens import KWEBBL_TOKEN
from sandbox.pipeline import serve
from sandbox.shop import SHOP_PATH, shop
from sandbox.store import Store
from sandbox.wire import Refusal, Vendor, encode, new_transaction_id

# Kwebbl's token endpoint lies within its API, so it comes before it.
VENDORS: dict[str, Vendor] = {
    vendor.name: vendor for vendor in (KPN_TOKEN, KANDY, APIDAZE, KPN_SMS, KPN_KEYS, KWEBBL_TOKEN, KWEBBL)
}
MAX_BODY_BYTES = 5_000_000


def build_sandbox(store: Store) -> Sandbox:
    return Sandbox(store, VENDORS)


def build_app(sandbox: Sandbox, control_token: str) -> web.Application:
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    for method in ("GET", "POST"):
        app.router.add_route(method, kwebbl_consent.AUTHORIZE_PATH, partial(kwebbl_consent.serve, sandbox))
    for vendor in sandbox.vendors.values():
        app.router.add_route("*", vendor.base_path + "{path:(/.*)?}", partial(serve, sandbox, vendor))
    control = control_app(sandbox, control_token)
    control.add_routes(apidaze_control.routes)
    control.add_routes(kpn_sms_control.routes)
    control.add_routes(kwebbl_control.routes)
    app.router.add_get(SHOP_PATH, shop)
    app.cleanup_ctx.append(posting(sandbox))
    app.add_subapp("/_sandbox/", control)
    app.router.add_route("*", "/{path:.*}", no_such_path)
    return app


async def no_such_path(_request: web.Request) -> web.Response:
    transaction_id = new_transaction_id()
    reply = Refusal(404, "NotFound", "No API lives here.").reply(transaction_id)
    headers = {"X-Transaction-Id": transaction_id}
    return web.Response(status=404, body=encode(reply.body), headers=headers, content_type="application/json")
