"""Customers are searched for by words of their ids, names and addresses, a page at a time."""

from tests.integration.api.conftest import Client, Door


def fill(client: Client) -> None:
    client.events(
        {"customer": "c-1", "event": "identify", "traits": {"email": "Ann.Lee@example.com"}},
        {"customer": "c-2", "event": "identify", "traits": {"email": "ann@example.org"}},
        {"customer": "c-3", "event": "identify", "traits": {"email": "zoë@example.com"}},
        {"customer": "ANNA", "event": "news_asked"},
    )


def test_customers_are_found_by_words_a_page_at_a_time(as_role: Door) -> None:
    client = as_role("operator")
    fill(client)

    first = client.get("/v1/customers?search=ANN&limit=2").json()
    assert [each["name"] for each in first["items"]] == ["c-1", "c-2"]
    rest = client.get(f"/v1/customers?search=ANN&limit=2&cursor={first['next_cursor']}").json()
    assert rest == {"items": [{"name": "ANNA", "customer": "ANNA"}], "next_cursor": None}
    assert client.get("/v1/customers?search=zoe").json()["items"] == [{"name": "c-3", "customer": "c-3"}]
    assert client.get("/v1/customers?search=ann+lee").json()["items"] == [{"name": "c-1", "customer": "c-1"}]
    assert client.get("/v1/customers?search=,").json() == {"items": [], "next_cursor": None}
    # nothing to look for is everybody
    assert client.get("/v1/customers?search=+").json() == client.get("/v1/customers").json()


def test_several_words_come_a_page_at_a_time_from_the_rarest_of_them(as_role: Door) -> None:
    client = as_role("operator")
    fill(client)

    found, cursor = list[str](), ""
    while True:
        told = client.get(f"/v1/customers?search=example+c-&details=true&limit=1{cursor}").json()
        found += [each["known"]["email"] for each in told["items"]]
        if told["next_cursor"] is None:
            break
        cursor = f"&cursor={told['next_cursor']}"
    assert found == ["Ann.Lee@example.com", "zoë@example.com", "ann@example.org"]


def test_a_search_is_one_way_of_looking_and_its_words_are_not_recorded(as_role: Door) -> None:
    client = as_role("operator")
    fill(client)
    assert client.get("/v1/customers?search=lee").status_code == 200
    assert client.get("/v1/customers?search=lee&prefix=c").json()["code"] == "invalid_parameter"
    assert client.get("/v1/customers?search=%00").status_code == 400
    assert client.get(f"/v1/customers?search={'x' * 257}").status_code == 400

    (seen,) = as_role("auditor").get("/v1/audit/access").json()["items"]
    assert (seen["route"], seen["query"]) == ("GET /v1/customers", {"search": "..."})


def test_nobody_is_found_who_was_erased(as_role: Door) -> None:
    client = as_role("operator")
    fill(client)

    assert client.http.delete("/v1/customers/c-1", headers=client.head).status_code == 200

    assert client.get("/v1/customers?search=lee").json()["items"] == []
