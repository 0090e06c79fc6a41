"""A TCP proxy that loses connections when told to."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress


class Proxy:
    """Passes bytes on to a server, and drops what it is told to drop."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.refuse = 0  # connections to be closed before anything is passed on
        self.lose_every = 0  # drop each n-th answer, after the server has done what was asked
        self.lose_after: int | None = None  # answers to pass on; from then on they are lost
        self.stop_after: int | None = None  # the same, but the requests do not arrive at all
        self.heal_after: int | None = None  # answers, of which some were lost; then all is well
        self.requests = 0  # that were answered
        self.writes = 0  # upserts that were passed on
        self.stall_after: int | None = None  # upserts to pass on; the next one waits for ever
        self.stalled = threading.Event()  # it does
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Accept nothing any more."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.refuse > 0:
                    self.refuse -= 1
                    client.close()
                    continue
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with closing(client), suppress(OSError), socket.create_connection(self._target) as server:
            back = threading.Thread(target=self._answers, args=(server, client), daemon=True)
            back.start()
            while data := client.recv(1 << 16):
                if self.stop_after is not None and self.requests >= self.stop_after:
                    break
                self._count(data)
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)
            back.join()

    def _count(self, data: bytes) -> None:
        if re.match(rb"PUT /collections/[^/]+/points\b", data):
            if self.stall_after is not None and self.writes >= self.stall_after:
                self.stalled.set()
                threading.Event().wait()
            self.writes += 1

    def _answers(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                if data.startswith(b"HTTP/"):
                    self.requests += 1
                    if self._loses():
                        break
                client.sendall(data)
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    def _loses(self) -> bool:
        if self.heal_after is not None and self.requests > self.heal_after:
            return False
        if self.lose_after is not None and self.requests > self.lose_after:
            return True
        return self.lose_every > 0 and self.requests % self.lose_every == 0


@contextmanager
def proxying(url: str) -> Iterator[tuple[str, Proxy]]:
    """A proxy before the server at ``url``; its own address."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rstrip("/").partition(":")
    proxy = Proxy((host, int(port)))
    with closing(proxy):
        yield f"{scheme}://127.0.0.1:{proxy.port}", proxy
