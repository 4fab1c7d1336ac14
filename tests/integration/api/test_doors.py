"""What every route has in common: keys, roles, problems, ids, and a description."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from api.app import create_app
from engine.model.values import HOUR
from engine.runtime.clock import VirtualClock
from engine.runtime.engine import Engine
from tests.integration.api.conftest import FILES, START, Client, Door, problem


def described(client: Client) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/openapi.json").json()
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def test_every_reference_of_the_document_leads_somewhere(as_role: Door) -> None:
    document = described(as_role(""))
    parts = document["components"]

    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for each in value.values():
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    for reference in references(document):
        _, _, kind, name = reference.split("/")
        assert name in parts[kind]
    for name in parts["schemas"]:
        assert f"#/components/schemas/{name}" in set(references(document))
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for method, path, operation in operations(document):
        assert operation["summary"] and operation["description"], (method, path)
        assert "default" in operation["responses"]
    assert document["paths"]["/v1/events"]["post"]["requestBody"]["required"] is True
    assert document["paths"]["/v1/pause"]["post"]["requestBody"]["required"] is False


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "not_found"),
        ("GET", "/v1/nothing", 404, "not_found"),
        ("PUT", "/v1/events", 405, "method_not_allowed"),
        ("TRACE", "/v1/events", 405, "method_not_allowed"),
        ("GET", "/v1/rules/none", 404, "not_found"),
        ("GET", "/v1/runs/none", 404, "not_found"),
        ("GET", "/v1/customers/none", 404, "not_found"),
        ("GET", "/v1/customers/none/timeline", 404, "not_found"),
        ("GET", "/v1/customers/none/why?rule=big-order", 404, "not_found"),
        ("GET", "/v1/customers/none/why", 400, "invalid_parameter"),
        ("GET", "/v1/segments/none/members", 404, "not_found"),
        ("GET", "/v1/metrics/none", 404, "not_found"),
        ("GET", "/v1/metrics/crr?from=2026-02-01&to=2026-01-01", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/crr?from=yesterday", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/crr?by=moon", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/crr?start=100", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/crr?start=100&new=-1&end=3", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/csat?start=1&new=1&end=1", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/figures?by=segment", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/none/months", 404, "not_found"),
        ("GET", "/v1/metrics/csat/months?from=1970-01-02&to=2100-01-01", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/retention?kind=bracket", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/retention?kind=bracket&brackets=3-1", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/retention?by=day&from=1970-01-02&to=2100-01-01", 400, "invalid_parameter"),
        ("GET", "/v1/metrics/retention?cells=0", 400, "invalid_parameter"),
        ("GET", "/v1/goals/none", 404, "not_found"),
        ("GET", "/v1/runs?limit=0", 400, "invalid_parameter"),
        ("GET", "/v1/runs?limit=x", 400, "invalid_parameter"),
        ("GET", "/v1/runs?limit=1000000000", 400, "invalid_parameter"),
        ("GET", "/v1/runs?offset=5", 400, "invalid_parameter"),
        ("GET", "/v1/runs?status=asleep", 400, "invalid_parameter"),
        ("GET", "/v1/runs?from=yesterday", 400, "invalid_parameter"),
        ("GET", "/v1/runs?cursor=nonsense", 400, "invalid_cursor"),
        ("GET", "/v1/runs?cursor=%F0%9F%98%80", 400, "invalid_cursor"),
        ("POST", "/v1/keys", 400, "invalid_json"),
        ("POST", "/v1/runs/none/cancel", 404, "not_found"),
        ("POST", "/v1/cases/none/acknowledge", 404, "not_found"),
        ("GET", "/v1/cases/none", 404, "not_found"),
        ("GET", "/v1/cases?exhausted=perhaps", 400, "invalid_parameter"),
        ("DELETE", "/v1/keys/none", 404, "not_found"),
        ("GET", "/u/nonsense", 404, "not_found"),
        ("POST", "/u/nonsense", 404, "not_found"),
        ("GET", "/v1/customers/%00", 404, "not_found"),
        ("GET", "/v1/customers/%ff%fe", 404, "not_found"),
    ],
)
def test_every_failure_is_a_problem(
    as_role: Door, method: str, path: str, status: int, code: str | None
) -> None:
    answer = as_role("admin")(method, path)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


def test_a_wrong_method_says_which_are_right(as_role: Door) -> None:
    assert "POST" in as_role("admin")("PUT", "/v1/events").headers["allow"]


def test_a_fault_of_ours_tells_nobody_how_it_happened(engine: Engine, clock: VirtualClock) -> None:
    # given a key, and an engine whose reading breaks inside
    key = engine.create_key("admin", "a@example.com").text
    app = create_app(engine)
    with TestClient(app, raise_server_exceptions=False) as http:
        client = Client(http, key)
        assert client.get("/v1/customers/ann").status_code == 404
        app.state.engine = None
        # when it is asked
        answer = client.get("/v1/customers/ann")
        intake = client.post("/v1/events", [])
    # then the answer names no file and no line, and intake asks to be tried again
    assert (answer.status_code, problem(answer)["code"]) == (500, "internal_error")
    assert "NoneType" not in answer.text
    assert (intake.status_code, intake.headers["retry-after"]) == (503, "5")


@pytest.mark.parametrize(
    "head",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer hf_admin_x_y"},
        {"Authorization": "Digest abc"},
        {"Authorization": "Basic !!!"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff\xfe").decode()},
        {"Authorization": "Basic " + base64.b64encode(b"nobody:").decode()},
    ],
)
def test_whoever_has_no_key_learns_nothing(http: TestClient[Litestar], head: dict[str, str]) -> None:
    answer = http.get("/v1/rules", headers=head)
    assert (answer.status_code, problem(answer)["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_key_comes_as_bearer_or_as_the_user_of_basic(engine: Engine, http: TestClient[Litestar]) -> None:
    key = engine.create_key("auditor", "a@example.com").text
    for scheme in ("Bearer", "bearer"):
        assert http.get("/v1/rules", headers={"Authorization": f"{scheme} {key}"}).status_code == 200
    assert http.get("/v1/rules", auth=(key, "")).status_code == 200
    for wrong in (key[:-1], key.lower(), key + "x"):
        assert http.get("/v1/rules", auth=(wrong, "")).status_code == 401
    two = [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")]
    assert http.get("/v1/rules", headers=two).status_code == 401


def test_a_key_ends_when_it_expires_or_is_revoked(as_role: Door, engine: Engine, clock: VirtualClock) -> None:
    # given an admin who makes a key for an hour, and one without an end
    admin = as_role("admin")
    asked = {"role": "auditor", "owner": "ann@example.com", "label": "books"}
    made = admin.post("/v1/keys", {**asked, "expires": "2026-01-05T13:00:00Z"})
    assert made.status_code == 201
    assert made.json()["expires"] == "2026-01-05T13:00:00Z"
    short = Client(admin.http, made.json()["key"])
    lasting = admin.post("/v1/keys", asked).json()
    long = Client(admin.http, lasting["key"])
    assert [each.get("/v1/runs").status_code for each in (short, long)] == [200, 200]
    # when the hour has passed, and the other is revoked
    clock.move_to(START + HOUR)
    revoked = admin("DELETE", f"/v1/keys/{lasting['id']}")
    # then both are of no use, and neither key is shown again
    assert revoked.json()["revoked_at"] == "2026-01-05T13:00:00Z"
    assert [each.get("/v1/runs").status_code for each in (short, long)] == [401, 401]
    listed = admin.get("/v1/keys")
    assert [key["owner"] for key in listed.json()["items"]].count("ann@example.com") == 2
    assert made.json()["key"] not in listed.text
    assert {key["last_used_at"] for key in listed.json()["items"]} == {"2026-01-05T12:00:00Z"}


@pytest.mark.parametrize(
    "body",
    [
        {"role": "king", "owner": "a"},
        {"role": "admin"},
        {"role": "admin", "owner": ""},
        {"role": "admin", "owner": "a", "colour": "red"},
        {"role": "admin", "owner": "a", "expires": "2020-01-01T00:00:00Z"},
        {"role": "admin", "owner": "a", "expires": "soon"},
        [],
    ],
)
def test_a_key_that_cannot_be_is_not_made(as_role: Door, body: Any) -> None:
    answer = as_role("admin").post("/v1/keys", body)
    assert answer.status_code == 400


def test_a_token_of_this_machine_comes_in_as_admin(engine: Engine) -> None:
    with TestClient(create_app(engine, token="secret-of-this-machine")) as http:
        assert Client(http, "secret-of-this-machine").get("/v1/keys").status_code == 200
        assert Client(http, "secret-of-that-machine").get("/v1/keys").status_code == 401


def test_requests_are_timed_by_their_route_and_never_by_what_a_client_makes_up(as_role: Door) -> None:
    # when
    as_role("auditor").get("/v1/runs/r-1")
    as_role("ingest").get("/v1/runs/r-2")
    as_role("")("MADEUP", "/v1/runs")
    as_role("").get("/made/up")
    # then
    told = as_role("operator").get("/metrics").text
    counted = {line for line in told.splitlines() if line.startswith("holdfast_request_seconds_count")}
    assert counted == {
        'holdfast_request_seconds_count{route="GET /v1/runs/{id}",status="404"} 1.0',
        'holdfast_request_seconds_count{route="GET /v1/runs/{id}",status="403"} 1.0',
    }


def test_a_request_keeps_its_id(as_role: Door) -> None:
    client = as_role("auditor")
    assert client.get("/v1/rules", headers={"Request-Id": "abc-1"}).headers["request-id"] == "abc-1"
    first, second = (client.get("/v1/rules").headers["request-id"] for _ in range(2))
    assert first != second
    assert (
        client.get("/v1/rules", headers={"Request-Id": "a b\u00e9".encode()}).headers["request-id"] != "a b"
    )


def test_health_is_open_and_is_asked_with_head_too(as_role: Door) -> None:
    nobody = as_role("")
    for path in ("/health/live", "/health/ready"):
        assert nobody.get(path).json()["status"] == "ok"
        assert nobody("HEAD", path).status_code == 200
    assert nobody.get("/health/ready").json()["now"] == "2026-01-05T12:00:00Z"


def test_a_database_that_is_gone_is_not_ready(as_role: Door, engine: Engine) -> None:
    nobody = as_role("")
    engine.close()
    answer = nobody.get("/health/ready")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert nobody.get("/health/live").status_code == 200


def test_browsers_are_told_to_guess_nothing(as_role: Door) -> None:
    headers = as_role("").get("/openapi.json").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
    assert msgspec.json.decode(as_role("").get("/openapi.json").content)["openapi"] == "3.1.0"


@pytest.mark.parametrize("path", ["/v1/keys", "/v1/customers/ann", "/u/none", "/health/live"])
def test_every_method_of_an_address_is_told(as_role: Door, path: str) -> None:
    # given the methods that an address does not refuse
    client = as_role("admin")
    taken = {
        method
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
        if client(method, path).status_code != 405
    }
    # then it names those when it is asked, and when it refuses one
    for method in ("OPTIONS", "TRACE"):
        told = client(method, path).headers["allow"]
        assert set(told.replace(" ", "").split(",")) == taken, method


@pytest.mark.parametrize(
    "query",
    ["status=waiting&status=waiting", "status=null", "cursor=null", "limit=null", "cursor=" + "A" * 2000],
)
def test_a_parameter_is_given_once_and_is_never_null(as_role: Door, query: str) -> None:
    answer = as_role("auditor").get(f"/v1/runs?{query}")
    assert answer.status_code == 400, answer.text


def test_a_cursor_that_never_was_leads_nowhere(as_role: Door) -> None:
    answer = as_role("auditor").get(f"/v1/runs?cursor={'A' * 40}")
    assert (answer.status_code, answer.json()["code"]) == (404, "invalid_cursor")


@pytest.mark.parametrize(("address", "told"), [("https://holdfast.test", "max-age=31536000"), (None, None)])
def test_browsers_stay_with_https_where_that_is_the_address(
    folder: Path, tmp_path: Path, clock: VirtualClock, address: str | None, told: str | None
) -> None:
    line = "" if address is None else f"public_url: {address}\n"
    (folder / "holdfast.yaml").write_text(FILES["holdfast.yaml"].lstrip() + line)
    with (
        Engine.open(folder, f"sqlite:///{tmp_path}/h.db", clock, work=False) as engine,
        TestClient(create_app(engine)) as http,
    ):
        assert Client(http, None).get("/health/live").headers.get("strict-transport-security") == told
        assert Client(http, None).get("/v1/rules").headers.get("strict-transport-security") == told


def test_no_other_page_may_read_what_is_answered(as_role: Door) -> None:
    # given a request as a browser makes it for a page of somebody else
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    for method in ("OPTIONS", "GET", "POST"):
        answer = as_role("admin")(method, "/v1/keys", headers=origin)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
