"""The lock file beside a SQLite database: one engine holds it, and others find the engine through it."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import msgspec

from engine.errors import DatabaseInUseError, StoreError

TRIES = 5
PAUSE = 0.02
"""Whoever looks whether an engine runs holds the lock for an instant; an engine asks again, s later."""


class LockInfo(msgspec.Struct, frozen=True):
    """Which process holds a database, where its API listens, and the token that lets this machine in."""

    pid: int
    address: str | None = None
    token: str | None = None


def lock_path(database: Path) -> Path:
    """Give the lock file of a database."""
    return database.with_name(database.name + ".lock")


class EngineLock:
    """The lock on a database, held until it is released or the process ends."""

    def __init__(self, database: Path) -> None:
        """Take the lock; `DatabaseInUseError` when another engine holds it."""
        self._descriptor = os.open(lock_path(database), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if not _taken(self._descriptor):
            os.close(self._descriptor)
            info = read_lock_info(database)
            holder = f"the process {info.pid}" if info else "another process"
            raise DatabaseInUseError(
                f"{database} is in use by {holder}; only one engine may run on it: stop that one first"
            )
        self.write(LockInfo(os.getpid()))

    def write(self, info: LockInfo) -> None:
        """Say to this machine's user who holds the database and how to reach it."""
        data = msgspec.json.encode(info)
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, data, 0)

    def release(self) -> None:
        """Give the lock back. The file stays: removing it would let two engines hold two files."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def _taken(descriptor: int) -> bool:
    for attempt in range(TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if attempt < TRIES - 1:
                time.sleep(PAUSE)
        else:
            return True
    return False


def read_lock_info(database: Path) -> LockInfo | None:
    """Give who holds a database, None when no engine does."""
    try:
        descriptor = os.open(lock_path(database), os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise StoreError(
            f"the lock beside {database} belongs to another user; run as that one, or name another database"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return None
    except BlockingIOError:
        data = os.pread(descriptor, 65536, 0)
        try:
            return msgspec.json.decode(data, type=LockInfo)
        except msgspec.DecodeError:
            # The holder is between emptying the file and writing it.
            return LockInfo(pid=0)
    finally:
        os.close(descriptor)
