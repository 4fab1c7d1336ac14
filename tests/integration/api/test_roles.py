"""Every route with every kind of key: each answers as its description declares, and none is left out."""

from __future__ import annotations

from typing import Any

import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.testing import TestClient

from api.app import create_app
from api.roles import operations
from engine.model.values import HOUR
from engine.runtime.callers.keys import ROLES
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import START, Client, Door, address_of


def described(client: Client) -> list[tuple[str, str, dict[str, Any]]]:
    return list(operations(client.get("/openapi.json").json()))


def test_every_route_is_described_and_nothing_else(http: TestClient[Litestar]) -> None:
    # given the routes as the application has them
    routes = {
        (method, route.path_format)
        for route in http.app.routes
        if isinstance(route, HTTPRoute)
        for method, (handler, _) in route.route_handler_map.items()
        if isinstance(handler, HTTPRouteHandler) and method != "OPTIONS" and not handler.opt.get("console")
    }
    # then the description names those; the console's pages are for people
    assert {(method, path) for method, path, _ in described(Client(http, None))} == routes


@pytest.mark.parametrize("role", ROLES)
def test_each_role_comes_in_where_it_is_declared_and_nowhere_else(as_role: Door, role: str) -> None:
    client = as_role(role)
    for method, path, operation in described(client):
        status = client(method, address_of(path)).status_code
        where = (method, path, role, status)
        if operation["security"]:
            assert (status != 403) == (role in operation["x-roles"]), where
            assert status not in (401, 500, 503), where
        else:
            assert status not in (401, 403, 500, 503) or str(status) in operation["responses"], where


@pytest.mark.parametrize("kind", ["none", "made up", "expired", "revoked"])
def test_whoever_has_no_good_key_comes_in_nowhere_but_where_it_is_open(
    engine: Engine, http: TestClient[Litestar], clock: VirtualClock, kind: str
) -> None:
    # given a key of the highest role that is no longer good, or was never one
    made = engine.create_key("admin", "ann@example.com", expires_at=START + HOUR)
    other = engine.create_key("admin", "ann@example.com")
    if kind == "revoked":
        engine.revoke_key(other.row.id)
    if kind == "expired":
        clock.move_to(START + HOUR)
    key = {"none": None, "made up": made.text[:-8] + "AAAAAAAA", "expired": made.text, "revoked": other.text}
    client = Client(http, key[kind])
    # then it is a 401, which says how to sign in and not what was wrong with the key
    answers = set()
    for method, path, operation in described(client):
        answer = client(method, address_of(path))
        if operation["security"]:
            assert (answer.status_code, "www-authenticate" in answer.headers) == (401, True), (method, path)
            answers.add(answer.json()["detail"])
        else:
            assert answer.status_code != 401 or "401" in operation["responses"], (method, path)
    assert len(answers) == 1 or (kind == "none" and all(each.startswith("send one") for each in answers))


def test_a_route_that_names_no_roles_lets_nobody_in(engine: Engine) -> None:
    app = create_app(engine)
    (route,) = (each for each in app.routes if isinstance(each, HTTPRoute) and each.path == "/v1/rules")
    route.route_handler_map["GET"][0].opt["roles"] = None
    with TestClient(app, raise_server_exceptions=False) as http:
        client = Client(http, engine.create_key("admin", "ann@example.com").text)
        assert client.get("/v1/rules").status_code == 403
