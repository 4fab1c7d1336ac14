"""Failures as a browser sees them: a page that says what is wrong and what to do, or the way to sign in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Request, Response

from api.console.asking import RefusedError
from api.console.pages import page
from api.problems import Problem, problem_response
from api.slashes import restore, whole_path
from engine.errors import UnauthenticatedError

SIGN_IN = "/sign-in"


def answer_failure(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Give the answer to a request that failed: a page where one was asked for, else a problem document."""
    restore(request.scope)
    if not _wants_page(request):
        return problem_response(request, error)
    if isinstance(error, UnauthenticatedError) and request.method in ("GET", "HEAD"):
        query = request.scope["query_string"].decode("latin-1")
        back = whole_path(request.scope) + (f"?{query}" if query else "")
        where = SIGN_IN if back == "/" else f"{SIGN_IN}?return_to={quote(back, safe='')}"
        return Response(None, status_code=303, headers={"Location": where})
    if isinstance(error, RefusedError):
        problem = error.problem
        headers = {}
    else:
        answer = problem_response(request, error)
        problem = msgspec.json.decode(answer.content, type=Problem)
        headers = {
            name: value for name, value in answer.headers.items() if name.lower() != "www-authenticate"
        }
    shown = page(request, "problem.html", title=problem.title, status=problem.status, problem=problem)
    shown.headers.update(headers)
    return shown


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    handler: Any = request.scope.get("route_handler")
    accepted = request.headers.get("accept", "")
    if handler is not None:
        # Who follows what happens cannot be shown a page, nor be led to one.
        return bool(handler.opt.get("console")) and "text/event-stream" not in accepted
    path = request.scope["path"]
    return not path.startswith("/v1/") and "text/html" in accepted
