"""The load: one thread, raw sockets kept alive, so that it takes little of the two cores from the side it measures."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.bench.doors import Door, new_sender
from tests.bench.script import conversation

TIMEOUT_S = 60.0
_END_OF_HEAD = b"\r\n\r\n"


class NoAnswerError(Exception):
    """A side did not answer, or answered without words."""


@dataclass
class Run:
    """What one burst of load came to."""

    seconds: float
    latencies_ms: list[float]

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds


@dataclass
class Client:
    """One connection, and the requests that go over it one after the other."""

    door: Door
    requests: Sequence[bytes]
    latencies_ms: list[float] = field(default_factory=list)
    _next: int = 0
    _sent_at: float = 0.0
    _received: bytearray = field(default_factory=bytearray)
    _length: int = -1

    def __post_init__(self) -> None:
        self.socket = _connect(self.door.port)

    def send(self) -> bool:
        """Sends the next request; False when there is none."""
        if self._next == len(self.requests):
            self.socket.close()
            return False
        self._received.clear()
        self._length = -1
        self._sent_at = time.perf_counter()
        self.socket.sendall(self.requests[self._next])
        self._next += 1
        return True

    def receive(self) -> bool:
        """Reads what has come; True when the response is complete."""
        chunk = self.socket.recv(65536)
        if not chunk:
            if not self._received:
                # A server may close an idle connection; the request was not taken.
                self.socket.close()
                raise NoAnswerError("the connection was closed")
            raise NoAnswerError("the connection was closed in the middle of a response")
        self._received += chunk
        if self._length < 0:
            end = self._received.find(_END_OF_HEAD)
            if end < 0:
                return False
            self._length = end + len(_END_OF_HEAD) + _content_length(bytes(self._received[:end]))
        if len(self._received) < self._length:
            return False
        self.latencies_ms.append((time.perf_counter() - self._sent_at) * 1000)
        head, _, body = bytes(self._received).partition(_END_OF_HEAD)
        if not self.door.answered(int(head.split(b" ", 2)[1]), body):
            raise NoAnswerError(f"no words in the answer: {head.splitlines()[0]!r} {body[:200]!r}")
        return True


def drive(clients: Sequence[Client]) -> Run:
    """Runs the clients at the same time, each sending its next message when the last is answered."""
    with selectors.DefaultSelector() as selector:
        started = time.perf_counter()
        left = 0
        for client in clients:
            selector.register(client.socket, selectors.EVENT_READ, client)
            left += client.send()
        while left:
            ready = selector.select(TIMEOUT_S)
            if not ready:
                raise NoAnswerError(f"nothing for {TIMEOUT_S:.0f} s")
            for key, _ in ready:
                client = key.data
                if client.receive():
                    # Unregistered before the socket may be closed.
                    if client._next == len(client.requests):
                        selector.unregister(client.socket)
                    if not client.send():
                        left -= 1
        seconds = time.perf_counter() - started
    return Run(seconds, [ms for client in clients for ms in client.latencies_ms])


def conversations(door: Door, clients: int, each: int) -> Run:
    """``clients`` at once, each ``each`` whole conversations with new people."""
    batches = []
    for client in range(clients):
        requests: list[bytes] = []
        for number in range(each):
            sender = new_sender()
            requests += [door.request(sender, text) for text in conversation(client + number)]
        batches.append(requests)
    return drive([Client(door, requests) for requests in batches])


def long_conversation(door: Door, number: int, turns: Sequence[int], question: str) -> dict[int, float]:
    """One conversation; the same question at each of ``turns`` (from 1), the script between. Turn → milliseconds."""
    sender, script = new_sender(), conversation(number)
    texts = [question if turn in turns else script[turn % len(script)] for turn in range(1, max(turns) + 1)]
    run = drive([Client(door, [door.request(sender, text) for text in texts])])
    return {turn: run.latencies_ms[turn - 1] for turn in turns}


def at_once(door: Door, texts: Sequence[str]) -> float:
    """Messages of one sender sent at the same moment; seconds until all are answered."""
    sender = new_sender()
    clients = [Client(door, [door.request(sender, text)]) for text in texts]
    return drive(clients).seconds


def first_answer(door: Door, text: str, patience_s: float, alive: object) -> None:
    """Asks until the side answers; raises NoAnswerError after ``patience_s`` or when the process has ended."""
    request = door.request(new_sender(), text)
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        if not alive():  # type: ignore[operator]
            raise NoAnswerError("the process has ended")
        try:
            drive([Client(door, [request])])
        except (OSError, NoAnswerError):
            time.sleep(0.02)
        else:
            return
    raise NoAnswerError(f"no answer in {patience_s:.0f} s")


def _connect(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise NoAnswerError("a response without a length")
