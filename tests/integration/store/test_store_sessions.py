"""Who comes in: keys that are handed over, and people's sessions."""

from __future__ import annotations

from typing import Any

import pytest

from engine.errors import StoreError
from engine.store.interface import Store
from engine.store.records import KeyRow
from engine.store.sessions import SessionRow


def key(id: str, **fields: Any) -> KeyRow:
    return KeyRow(id=id, role="ingest", owner="a@b.example", label="shop", hash="x", created_at=10, **fields)


def session(hash: str, **fields: Any) -> SessionRow:
    return SessionRow(
        hash=hash,
        owner="a@b.example",
        roles="author operator",
        issuer="https://id.example.com",
        subject="s-1",
        csrf="c",
        created_at=10,
        **{"expires_at": 100, **fields},
    )


def test_a_key_is_handed_over_once(store: Store) -> None:
    with store.begin() as writer:
        writer.add_key(key("a", addresses="10.0.0.0/8", source="till", expires_at=900))
        writer.add_key(key("b"))
        writer.revoke_key("b", 20)
    with store.begin() as writer:
        assert writer.hand_over_key("a", "c", 500, 30)
        assert not writer.hand_over_key("a", "d", 400, 30)
        assert not writer.hand_over_key("b", "d", 400, 30)
        assert not writer.hand_over_key("none", "d", 400, 30)
    with store.reader() as reader:
        found = reader.find_key("a")
        assert found == key("a", addresses="10.0.0.0/8", source="till", expires_at=500, successor="c")


def test_a_session_is_kept_until_it_ends_or_expires(store: Store) -> None:
    with store.begin() as writer:
        writer.add_session(session("x"))
        writer.add_session(session("y", expires_at=200))
        assert writer.find_session("x") == session("x")
    with store.begin() as writer:
        assert writer.end_session("y", 50)
        assert not writer.end_session("y", 60)
        assert not writer.end_session("none", 60)
        assert writer.drop_sessions(100) == 0
        assert writer.drop_sessions(101) == 1
    with store.reader() as reader:
        assert reader.find_session("x") is None
        assert reader.find_session("y") == session("y", expires_at=200, ended_at=50)
    with pytest.raises(StoreError, match="session"), store.begin() as writer:
        writer.add_session(session("y"))
