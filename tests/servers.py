"""A web server on this machine that behaves well or badly, as asked."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Server:
    """What :func:`serving` yields: its address, and what was asked of it.

    ``answers`` maps paths to what they answer: bytes (the file), a number
    (an error status), ``"cut"`` (half of what was promised) or ``"hang"``
    (nothing, until the server ends). A method before the path, as in
    ``"HEAD a.png"``, is about that method only. ``asked`` lists
    (method, path).
    """

    def __init__(self, answers):
        self.answers = answers
        self.asked = []
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
                name = self.path.lstrip("/")
                answer = server.answers.get(name, 404)
                answer = server.answers.get(f"{self.command} {name}", answer)
                if answer == "hang":
                    server.ended.wait(20)
                elif isinstance(answer, int):
                    self.send_error(answer)
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
