"""A shop's page that shows somebody's form in a frame, so that a form can be tried on another origin than its own."""

from html import escape

from aiohttp import web

SHOP_PATH = "/shop"
PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A shop</title></head>
<body><main><h1>A shop</h1><p>This page is the shop's. The form is shown in it from elsewhere.</p>{frame}</main></body>
</html>
"""
FRAME = '<iframe src="{form}" title="Call me back" width="100%" height="520"></iframe>'


async def shop(request: web.Request) -> web.Response:
    """The query `form` is the form's address."""
    form = request.query.get("form", "")
    told = FRAME.format(form=escape(form)) if form.startswith(("http://", "https://")) else "<p>No form is named.</p>"
    return web.Response(text=PAGE.format(frame=told), content_type="text/html")
