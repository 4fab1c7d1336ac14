"""People's sessions in SQL."""

from __future__ import annotations

from engine.model.values import Micros
from engine.store.recording import Recording
from engine.store.rows import columns_of
from engine.store.sessions import SessionRow
from engine.store.sql.transaction import SqlTransaction
from engine.store.statements import sessions as sql


class SessionReading(SqlTransaction):
    """What is asked about sessions."""

    def find_session(self, hash: str) -> SessionRow | None:
        row = self._row(sql.session(), hash=hash)
        return None if row is None else SessionRow(**row)


class SessionWriting(SessionReading, Recording):
    """What is written of sessions."""

    def add_session(self, session: SessionRow) -> None:
        self._add(sql.insert_session(), [columns_of(session)], "this session", "hash")
        self._record_session(session)

    def end_session(self, hash: str, at: Micros) -> bool:
        session = self.find_session(hash)
        ended = self._change(sql.end_session(), [{"b_hash": hash, "ended_at": at}]) == 1
        if ended and session is not None:
            self._record_session_ended(session, at)
        return ended

    def drop_sessions(self, before: Micros) -> int:
        return self._change(sql.delete_sessions(), [{"before": before}])
