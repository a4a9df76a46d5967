"""A gate before a provider: the ways in which a network fails, on real sockets."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from typing import Literal
from urllib.parse import urlsplit

Mode = Literal["open", "refused", "reset", "hole"]
BUFFER = 65_536


class Gate:
    """Passes connections on to ``upstream`` while open. Otherwise: nobody listens (``refused``), a connection is broken
    off (``reset``), or it is taken and nothing ever comes back (``hole``). What is refused never reaches the provider.
    """

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._guard = threading.Lock()
        self._open: set[socket.socket] = set()
        self._mode: Mode = "open"
        self.knocked = threading.Condition()
        self.knocks = 0
        self._listener = self._listen(0)
        self._port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}"

    def set(self, mode: Mode) -> None:
        """From now on; connections there are end."""
        if mode == "refused" and self._mode != "refused":
            self._shut()
        if mode != "refused" and self._mode == "refused":
            self._listener = self._listen(self._port)
        self._mode = mode
        self._break_off()

    def close(self) -> None:
        self._shut()
        self._break_off()

    def _listen(self, port: int) -> socket.socket:
        listener = socket.create_server(("127.0.0.1", port), backlog=128)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _shut(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _break_off(self) -> None:
        with self._guard:
            connections, self._open = self._open, set()
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with self.knocked:
                self.knocks += 1
                self.knocked.notify_all()
            with self._guard:
                self._open.add(connection)
            if self._mode == "reset":
                self._break_off()
            elif self._mode == "open":
                self._join(connection)

    def _join(self, connection: socket.socket) -> None:
        try:
            provider = socket.create_connection(self._upstream)
        except OSError:
            connection.close()
            return
        with self._guard:
            self._open.add(provider)
        for one, other in ((connection, provider), (provider, connection)):
            threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(BUFFER):
                other.sendall(data)
        for side in (one, other):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
            side.close()
            with self._guard:
                self._open.discard(side)
