"""A WSGI application on a port of the loopback interface."""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

START_TIMEOUT = 10.0
_LOOK_SECONDS = 0.02


class _Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def connection_dropped(self, error: BaseException, environ: WSGIEnvironment | None = None) -> None:
        """Close the connection, whether the client has broken it or the application wants to (ConnectionError)."""
        self.close_connection = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing: the middleware has its own log."""


class _Server(ThreadedWSGIServer):
    """Ends its connections, and with them their threads, before it closes."""

    daemon_threads = False  # else they would not be waited for

    def __init__(self, *args: Any, **options: Any) -> None:
        self._connections: set[socket.socket] = set()
        self._lock = Lock()
        super().__init__(*args, **options)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def server_close(self) -> None:
        with self._lock:
            for each in self._connections:
                with suppress(OSError):  # the other side was faster
                    each.shutdown(socket.SHUT_RD)  # what is being answered is answered
        super().server_close()


class LedgerServer:
    """`with LedgerServer(app) as server:` serves on a free port (or `port`) of loopback until the block ends.

    `url` is the address, without a slash at its end; `port` is known from the making on. Requests are served in threads
    of their own; none of them is left afterwards. An application with `close()` is told when the server stops.
    """

    def __init__(self, app: WSGIApplication, port: int = 0, host: str = "127.0.0.1") -> None:
        self._app = app
        self._bound = _bound(host, port)
        self.port = int(self._bound.getsockname()[1])
        self.url = f"http://{host}:{self.port}"
        self._server = _Server(host, self.port, app, handler=_Handler, fd=self._bound.fileno())
        self._thread = Thread(target=self._server.serve_forever, args=(_LOOK_SECONDS,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()  # connections wait in the queue of the socket, which listens already
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if callable(close := getattr(self._app, "close", None)):
            close()
        self._server.shutdown()
        self._thread.join(START_TIMEOUT)
        self._bound.close()


def _bound(host: str, port: int) -> socket.socket:
    """Return a socket that listens. Raises OSError, where werkzeug's own would end the process."""
    made = socket.socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(128)
    except OSError:
        made.close()
        raise
    return made
