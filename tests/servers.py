"""A web server on this machine that behaves well or badly, as asked."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Ranges:
    """A file of which a part can be asked for.

    After some bytes at once the answer is cut, or hangs.
    """

    content: bytes
    at_once: int | None = None
    hangs: bool = False


class Server:
    """What :func:`serving` yields: its address, and what was asked of it.

    ``answers`` maps paths to what they answer: bytes (the file), a number
    (an error status), ``"cut"`` (half of what was promised), ``"hang"``
    (nothing, until the server ends), ``"slow head"`` and ``"trickle"`` (a
    byte now and then, of the headers or of the file), ``"endless"`` (no
    length, no end) or a :class:`Ranges`. A method before the path, as in
    ``"HEAD a.png"``, is about that method only. ``asked`` lists
    (method, path), ``ranges`` what ranges were asked for.
    """

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
        self.ranges = []
        self.ended = threading.Event()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    @property
    def downloads(self):
        return [path for method, path in self.asked if method == "GET"]

    def _handler(server):  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                server.asked.append((self.command, self.path))
                server.ranges.append(self.headers.get("Range"))
                name = self.path.lstrip("/")
                answer = server.answers.get(name, 404)
                answer = server.answers.get(f"{self.command} {name}", answer)
                if answer == "hang":
                    server.ended.wait(20)
                elif isinstance(answer, int):
                    self.send_error(answer)
                elif isinstance(answer, Ranges):
                    self._send_range(answer)
                elif answer in ("slow head", "trickle", "endless"):
                    self._go_on(answer)
                else:
                    self._send(answer)

            do_HEAD = do_GET

            def _send(self, answer):
                body = b"half" if answer == "cut" else answer
                promised = len(body) * (2 if answer == "cut" else 1)
                self.send_response(200)
                self.send_header("Content-Length", str(promised))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def _send_range(self, answer):
                asked = self.headers.get("Range")
                start = int(asked[6:-1]) if asked else 0
                rest = answer.content[start:]
                if asked and not rest:
                    self.send_error(416)
                    return
                self.send_response(206 if asked else 200)
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Length", str(len(rest)))
                self.end_headers()
                self.wfile.write(rest[: answer.at_once])
                if answer.hangs and len(rest) > answer.at_once:
                    server.ended.wait(20)

            def _go_on(self, how):
                if how == "slow head":
                    data = b"HTTP/1.1 200 OK\r\nX-Long: "
                else:
                    data = b"HTTP/1.1 200 OK\r\n\r\n"
                while not server.ended.wait(0 if how == "endless" else 0.1):
                    try:
                        self.wfile.write(data)
                    except OSError:  # who asked has gone
                        return
                    data = b"x" * (2**16 if how == "endless" else 1)

            def log_message(self, *args):
                pass

        return Handler


@contextmanager
def serving(**answers):
    """Run a :class:`Server` in a thread for as long as the context lasts."""
    server = Server(answers)
    thread = threading.Thread(target=server.http.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.http.shutdown()
        thread.join()
        server.http.server_close()


def closed_address():
    """Return an address on this machine where nobody answers."""
    with serving() as server:
        return server.url
