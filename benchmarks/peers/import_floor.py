"""The least that an import can be: DuckDB reads the CSV file, SQLite keeps each row as JSON, on the disk.

No event is checked, no duplicate found, no fact made. Commits are of a thousand rows, as the engine's are.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from contextlib import closing

import duckdb

COMMIT = 1_000


def main() -> None:
    """Import, and print how many rows that was, and the seconds."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--file", required=True)
    parser.add_argument("--database", required=True)
    given = parser.parse_args()
    began = time.perf_counter()
    with closing(sqlite3.connect(given.database, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(
            "CREATE TABLE event (customer TEXT, at TEXT, id TEXT PRIMARY KEY, document TEXT) WITHOUT ROWID"
        )
        source = duckdb.execute(
            'SELECT customer, "at", id, to_json(source) FROM read_csv(?, all_varchar = true) AS source',
            [given.file],
        )
        number = 0
        while rows := source.fetchmany(COMMIT):
            connection.execute("BEGIN")
            connection.executemany("INSERT INTO event VALUES (?, ?, ?, ?)", rows)
            connection.execute("COMMIT")
            number += len(rows)
    print(json.dumps({"rows": number, "seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
