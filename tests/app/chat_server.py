"""A small OpenAI-compatible chat server for tests, on a free port of the loopback address."""
import http.server
import json
import threading


class ChatServer:
    """answer(body, number) -> the reply's text, or (status, headers, body) for faults."""

    def __init__(self, answer):
        self.requests = []
        self.authorizations = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.authorizations.append(self.headers.get("Authorization"))
                outer.requests.append(body)
                answered = answer(body, len(outer.requests) - 1)
                if isinstance(answered, str):
                    answered = (200, {}, json.dumps({
                        "model": "test-model-1",
                        "choices": [{"message": {"role": "assistant", "content": answered}, "finish_reason": "stop"}],
                        "usage": {"prompt_tokens": 100, "completion_tokens": 20}}))
                status, headers, text = answered
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text.encode())))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exception):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/v1"


def offered(body):
    """The cards of a question of the composer, by name: {"Ukiyo-e Woodcut": 3}."""
    cards = {}
    for line in body["messages"][1]["content"].splitlines():
        if line.startswith('{"number"'):
            card = json.loads(line)
            cards[card["name"]] = card["number"]
    return cards
