# SPDX-License-Identifier: LicenseRef-agentrun-internal
"""A scripted model provider on the loopback: what it answers is a list, one entry a
request; a function of the request; and what it was asked is kept."""
import gzip
import json
import socket
import threading
import time

from harness import Server


def call(name, arguments, id="call_1"):
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": id, "type": "function", "function": {"name": name, "arguments": text}}


def pipeline(*steps, id="call_1", **more):
    return call("execute_pipeline", {"pipeline": list(steps), **more}, id)


def patch(*operations, id="call_1"):
    return call("patch_workflow", {"patch_spec": {"operations": list(operations),
                                                  "description": "d"}}, id)


def chat(text=None, *calls, finish=None, usage=(100, 20, 0), **more):
    """An answer of Chat Completions."""
    message = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = list(calls)
    body = {"id": "chatcmpl-1", "object": "chat.completion", "model": "test-model-1",
            "choices": [{"index": 0, "message": message,
                         "finish_reason": finish or ("tool_calls" if calls else "stop")}]}
    if usage:
        body["usage"] = {"prompt_tokens": usage[0], "completion_tokens": usage[1],
                         "total_tokens": usage[0] + usage[1],
                         "prompt_tokens_details": {"cached_tokens": usage[2]}}
    body.update(more)
    return body


def error(message="no", code=None, type=None):
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


class Provider:
    """`answers`: (status, headers, body) or a body, which is then a 200; the last one is
    repeated."""

    def __init__(self, *answers):
        self.answers, self.lock, self.times = list(answers), threading.Lock(), []
        self.server = Server(AnyPath(self.answer))
        self.url, self.port = self.server.url, self.server.port

    def answer(self, request):
        with self.lock:
            self.times.append(time.monotonic())
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer(request)
        if not isinstance(answer, tuple):
            answer = (200, {}, answer)
        status, headers, body = answer
        if not isinstance(body, bytes):
            body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            headers = {"Content-Type": "application/json", **headers}
        return status, headers, body

    @property
    def requests(self):
        return self.server.requests

    def asked(self, i):
        """The body of request i."""
        return json.loads(self.requests[i].body)

    def close(self):
        self.server.close()


class AnyPath(dict):
    def __init__(self, route):
        super().__init__()
        self.route = route

    def get(self, path, default=None):
        return self.route


class Raw:
    """A server that sends bytes as they are to each connection, then closes it: with
    `reset` by force, so that the client sees a reset."""

    def __init__(self, *answers, reset=False):
        self.answers, self.reset, self.n = list(answers), reset, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                try:
                    self.serve(peer)
                except OSError:
                    pass

    def serve(self, peer):
        data = b""
        while b"\r\n\r\n" not in data:
            more = peer.recv(65536)
            if not more:
                return
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += peer.recv(65536)
        self.n += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        for part in answer if isinstance(answer, list) else [answer]:
            if isinstance(part, (int, float)):
                time.sleep(part)
            else:
                peer.sendall(part)
        if self.reset:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in accept()
        except OSError:
            pass
        self.listener.close()


def http(body, headers="", status="200 OK"):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    return (f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def zipped(body):
    data = gzip.compress(json.dumps(body).encode())
    return 200, {"Content-Encoding": "gzip", "Content-Type": "application/json"}, data


def events(*data, named=False):
    """Server-sent events."""
    text = ""
    for item in data:
        if named:
            text += f"event: {item['type']}\n"
        text += "data: " + (item if isinstance(item, str) else json.dumps(item)) + "\n\n"
    return 200, {"Content-Type": "text/event-stream"}, text.encode()
