"""Transactions that meet are committed together, and nobody goes on before the commit."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from webhook.database import Database, sql

ADD = sql("INSERT INTO words (word) VALUES (:word)")
ALL = sql("SELECT word FROM words ORDER BY word")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'words.db'}")
    with database.writing() as transaction:
        transaction.run(sql("CREATE TABLE words (word TEXT UNIQUE)"))
    yield database
    database.close()


def waiting(database: Database, number: int) -> None:
    """Returns when so many writers queue."""
    deadline = time.monotonic() + 10
    while database.writer._waiting < number:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def stored(database: Database) -> list[str]:
    """What another connection sees."""
    with database.reading() as transaction:
        return [str(row[0]) for row in transaction.all(ALL)]


def add(database: Database, word: str) -> list[str]:
    with database.writing() as transaction:
        transaction.run(ADD, word=word)
    return stored(database)


def test_one_alone_is_committed_when_it_returns(database: Database) -> None:
    assert add(database, "a") == ["a"]


def test_those_who_wait_are_committed_once_and_each_sees_its_own(database: Database) -> None:
    commits: list[str] = []
    database.writer._connection.set_trace_callback(lambda said: commits.append(said) if said == "COMMIT" else None)
    with ThreadPoolExecutor(5) as pool:
        with database.writing() as transaction:
            futures = {word: pool.submit(add, database, word) for word in "bcdef"}
            waiting(database, 5)
            transaction.run(ADD, word="a")
            # The first leaves the commit to those behind it: nothing is stored, and it must not go on yet.
            assert stored(database) == []
        assert "a" in stored(database)
        for word, future in futures.items():
            assert word in future.result(10)
    assert len(commits) == 1


def test_one_that_fails_undoes_itself_only(database: Database) -> None:
    with ThreadPoolExecutor(3) as pool:
        with database.writing() as transaction:
            futures = [pool.submit(add, database, word) for word in ("a", "b", "b")]
            waiting(database, 3)
            transaction.run(ADD, word="c")
        errors = [future.exception(10) for future in futures]
    assert sum(isinstance(error, sqlite3.IntegrityError) for error in errors) == 1
    assert stored(database) == ["a", "b", "c"]


def test_one_that_raises_leaves_nothing_and_the_next_goes_on(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.writing() as transaction:  # noqa: PT012
        transaction.run(ADD, word="a")
        raise ZeroDivisionError
    assert add(database, "b") == ["b"]


def test_a_commit_that_fails_is_told_to_everybody_in_it(database: Database) -> None:
    class Full:
        def __init__(self, connection: object) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> object:
            return getattr(self._connection, name)

        def commit(self) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    connection = database.writer._connection
    with ThreadPoolExecutor(2) as pool:
        with pytest.raises(sqlite3.OperationalError), database.writing() as transaction:  # noqa: PT012
            futures = [pool.submit(add, database, word) for word in "ab"]
            waiting(database, 2)
            database.writer._connection = Full(connection)
            transaction.run(ADD, word="c")
        assert all(isinstance(future.exception(10), sqlite3.OperationalError) for future in futures)
    database.writer._connection = connection
    assert stored(database) == []
    assert add(database, "d") == ["d"]


def test_everything_rolled_back_by_the_database_is_told_to_everybody_in_it(database: Database) -> None:
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(sqlite3.OperationalError), database.writing() as transaction:  # noqa: PT012
            future = pool.submit(_lose_everything, database)
            waiting(database, 1)
            transaction.run(ADD, word="a")
        assert isinstance(future.exception(10), sqlite3.Error)
    assert stored(database) == []


def _lose_everything(database: Database) -> None:
    with database.writing() as transaction:
        # What SQLite does by itself when the disk is full.
        transaction.run(sql("ROLLBACK"))
        raise sqlite3.OperationalError("database or disk is full")


def test_freed_bytes_are_forgotten_between_writers(database: Database) -> None:
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(add, database, f"{number}") for number in range(40)]
        for _ in range(10):
            database.forget_freed_bytes()
        for future in futures:
            future.result(10)
    assert len(stored(database)) == 40


def test_many_at_once_lose_nothing(database: Database) -> None:
    switch = threading.Barrier(8)

    def many(client: int) -> None:
        switch.wait()
        for number in range(50):
            assert f"{client}-{number}" in add(database, f"{client}-{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(many, range(8)))
    assert len(stored(database)) == 400
