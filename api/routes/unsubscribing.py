"""Unsubscribe links: looking at one changes nothing, following it is one click."""

from __future__ import annotations

from asyncio import wrap_future
from html import escape

from litestar import MediaType, Response, get, post
from litestar.params import FromPath

from api.auth import OPEN
from api.doors import Call, door, engine_of

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><h1>{title}</h1>{body}</html>
"""


def _page(title: str, body: str) -> Response[str]:
    return Response(
        _PAGE.format(title=escape(title), body=body),
        media_type=MediaType.HTML,
        headers={"Content-Security-Policy": "default-src 'none'; form-action 'self'; frame-ancestors 'none'"},
    )


@get("/u/{token:str}", opt=door(OPEN), media_type=MediaType.HTML)
async def get_unsubscribe(request: Call, token: FromPath[str]) -> Response[str]:
    """Show what following an unsubscribe link would do.

    Nothing changes by it: mail scanners follow every link.
    """
    wanted = engine_of(request).read_unsubscribe(token)
    return _page(
        "Unsubscribe",
        f"<p>You will get no more of our messages by {escape(wanted.channel)}.</p>"
        '<form method="post"><button>Unsubscribe</button></form>',
    )


@post("/u/{token:str}", status_code=200, opt=door(OPEN), media_type=MediaType.HTML)
async def post_unsubscribe(request: Call, token: FromPath[str]) -> Response[str]:
    """Follow an unsubscribe link: in one click (RFC 8058), or by the button of its page."""
    done = await wrap_future(engine_of(request).unsubscribe(token))
    return _page("Unsubscribed", f"<p>You will get no more of our messages by {escape(done.channel)}.</p>")


HANDLERS = [get_unsubscribe, post_unsubscribe]
