"""The process of a language model without one: `python -m tests.brain.local.model_process HOW`.

Speaks as llama.cpp's server does, as far as the brain asks. HOW: `well`; `cannot`: it says why;
`crash`: it ends before it listens; `dies`: it ends at the first question.
"""

from __future__ import annotations

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

HOW = sys.argv[1]
ASKED: list[str] = []
KEY = sys.stdin.readline().strip()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._reply(b'{"status": "ok"}', "application/json")

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.headers["authorization"] != f"Bearer {KEY}":
            self.send_error(401)
            return
        ASKED.append(asked["messages"][0]["content"])
        if HOW == "dies":
            os._exit(7)
        told = {
            "tools": "tools" in asked,
            "max_tokens": asked["max_tokens"],
            "pid": os.getpid(),
            "begun_alike": ASKED.count(ASKED[-1]),
        }
        piece = {"choices": [{"delta": {"content": json.dumps(told)}}]}
        self._reply(f"data: {json.dumps(piece)}\n\ndata: [DONE]\n\n".encode(), "text/event-stream")

    def _reply(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


if HOW == "crash":
    os._exit(9)
if HOW == "cannot":
    print(json.dumps({"failed": "There is no AVX2.", "remedy": "Run Ollama."}), flush=True)
    os._exit(3)
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("a library says something", flush=True)
small = HOW != "large"
url = f"http://127.0.0.1:{server.server_port}"
print(json.dumps({"url": url, "name": "tiny", "small": small}), flush=True)
Thread(target=server.serve_forever, daemon=True).start()
sys.stdin.read()
os._exit(0)
