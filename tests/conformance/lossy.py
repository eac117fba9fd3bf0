"""A network that loses answers: the request arrives and has its effect, the reply never comes back."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@contextmanager
def losing_answers(target: str, lost: Callable[[str], bool]) -> Iterator[str]:
    """The address of a way to `target` on which the answer to each `lost` request (`POST /path body`, `DELETE /path `)
    disappears."""

    class Way(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._pass_on()

        def do_DELETE(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            there = http.client.HTTPConnection(urlsplit(target).netloc)
            there.request(self.command, self.path, body, dict(self.headers))
            answer = there.getresponse()
            content = answer.read()
            there.close()
            self.close_connection = True
            if lost(f"{self.command} {self.path} {body.decode()}"):
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Way) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
