"""People's sessions in memory."""

from __future__ import annotations

from engine.model.values import Micros
from engine.store.memory.tables import MemoryTransaction
from engine.store.recording import Recording
from engine.store.rows import columns_of
from engine.store.sessions import SessionRow


class SessionReading(MemoryTransaction):
    """What is asked about sessions."""

    def find_session(self, hash: str) -> SessionRow | None:
        row = self._table("session").get(hash)
        return None if row is None else SessionRow(**row)


class SessionWriting(SessionReading, Recording):
    """What is written of sessions."""

    def add_session(self, session: SessionRow) -> None:
        self._add("session", session.hash, columns_of(session), "this session")
        self._record_session(session)

    def end_session(self, hash: str, at: Micros) -> bool:
        sessions = self._edit("session")
        if hash not in sessions or sessions[hash]["ended_at"] is not None:
            return False
        sessions[hash] = sessions[hash] | {"ended_at": at}
        self._record_session_ended(SessionRow(**sessions[hash]), at)
        return True

    def drop_sessions(self, before: Micros) -> int:
        sessions = self._edit("session")
        old = [hash for hash, row in sessions.items() if row["expires_at"] < before]
        for hash in old:
            del sessions[hash]
        return len(old)
