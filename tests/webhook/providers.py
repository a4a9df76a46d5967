"""Small stand-ins for Twilio and Telegram on real sockets. They can be told to fail in the ways that providers do."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask, Response, jsonify, request
from werkzeug.serving import make_server

WAIT_S = 20


@dataclass
class Call:
    """One request: Bot API method or Twilio resource, its parameters, and whether it was accepted."""

    name: str
    parameters: dict[str, Any]
    accepted: bool = False
    at: float = field(default_factory=time.monotonic)


@dataclass
class Provider:
    """A server whose behaviour is a word: ok, error, rate, blocked, refused, truncated (accepted, half an answer)."""

    behaviour: str = "ok"
    calls: list[Call] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)
    holding: threading.Event = field(default_factory=threading.Event)
    """While cleared, no message is answered."""

    def __post_init__(self) -> None:
        self.holding.set()
        self.app = Flask("provider")
        self.routes()
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def routes(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        self.holding.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def record(self, call: Call) -> Call:
        with self.changed:
            self.calls.append(call)
            self.changed.notify_all()
        return call

    def accept(self, call: Call) -> None:
        with self.changed:
            call.accepted = True
            self.changed.notify_all()

    def accepted(self, name: str) -> list[dict[str, Any]]:
        return [call.parameters for call in self.calls if call.name == name and call.accepted]

    def wait_for(self, condition: Callable[[], object]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, WAIT_S), "the provider waited in vain"


class TelegramServer(Provider):
    """Bot API. ``spec``: the published specification, when it is at hand; then only what it allows is accepted."""

    def __init__(self, spec: Path | None = None) -> None:
        self.spec = json.loads(spec.read_text(encoding="utf-8")) if spec and spec.is_file() else None
        self.updates: list[dict[str, Any]] = []
        self.message_id = 0
        super().__init__()

    def routes(self) -> None:
        @self.app.post("/bot<token>/<method>")
        def call(token: str, method: str) -> Response:
            parameters = {
                name: value if name in ("text", "secret_token") else _decoded(value)
                for name, value in request.form.items()
            }
            recorded = self.record(Call(method, parameters))
            failures = {
                "error": (500, {}),
                "rate": (429, {"parameters": {"retry_after": 1}}),
                "blocked": (403, {}),
                "refused": (400, {}),
            }
            if self.behaviour in failures and method in ("sendMessage", "deleteMessages"):
                code, more = failures[self.behaviour]
                return _failure(code, f"{self.behaviour}", more)
            problem = self.problem(method, parameters)
            if problem:
                return _failure(400, f"Bad Request: {problem}", {})
            self.accept(recorded)
            return jsonify(ok=True, result=self.result(method, parameters))

    def result(self, method: str, parameters: dict[str, Any]) -> Any:
        if method == "getUpdates":
            with self.changed:
                offset = int(parameters.get("offset", 0))
                self.updates = [update for update in self.updates if update["update_id"] >= offset]
                if not self.updates:
                    self.changed.wait(0.2)
                return list(self.updates)
        if method == "sendMessage":
            self.message_id += 1
            chat = {"id": parameters["chat_id"], "type": "private", "first_name": "Awa"}
            return {"message_id": self.message_id, "date": int(time.time()), "chat": chat, "text": parameters["text"]}
        return True

    def problem(self, method: str, parameters: dict[str, Any]) -> str:
        """Why the published specification does not allow the call."""
        if self.spec is None:
            return ""
        known = {name.lower(): entry for name, entry in self.spec["methods"].items()}.get(method.lower())
        if known is None:
            return f"method {method} not found"
        fields = {entry["name"]: entry for entry in known.get("fields", [])}
        for name, value in parameters.items():
            if name not in fields:
                return f"unknown parameter {name}"
            if not any(self.fits(value, kind) for kind in fields[name]["types"]):
                return f"{name} is not {fields[name]['types']}"
        missing = [name for name, entry in fields.items() if entry["required"] and name not in parameters]
        if missing:
            return f"{missing[0]} is required"
        if len(str(parameters.get("text", "")).encode("utf-16-le")) // 2 > 4096:
            return "message is too long"
        return ""

    def fits(self, value: Any, kind: str) -> bool:
        if kind.startswith("Array of "):
            return isinstance(value, list) and all(self.fits(item, kind[9:]) for item in value)
        plain = {"Integer": int, "Float": float, "String": str, "Boolean": bool, "True": bool}
        if kind in plain:
            return isinstance(value, plain[kind]) and (kind in ("Boolean", "True") or not isinstance(value, bool))
        described = self.spec["types"].get(kind) if self.spec else None
        if not described:
            return True
        if described.get("subtypes"):
            return any(self.fits(value, subtype) for subtype in described["subtypes"])
        fields = {entry["name"]: entry for entry in described.get("fields", [])}
        return (
            isinstance(value, dict)
            and all(name in fields and any(self.fits(item, t) for t in fields[name]["types"])
                    for name, item in value.items())
            and all(name in value for name, entry in fields.items() if entry.get("required"))
        )  # fmt: skip


class TwilioServer(Provider):
    """Twilio's Messages resource: create and list; and its Recordings: read, delete, list of a call.

    ``sounds`` are recordings by id, ``of_call`` their ids by call.
    """

    def __init__(self) -> None:
        self.sounds: dict[str, bytes] = {}
        self.of_call: dict[str, list[str]] = {}
        super().__init__()

    def recordings(self) -> None:
        account = "/2010-04-01/Accounts/<account>"

        def failing() -> Response | None:
            status = {"error": 500, "rate": 429}.get(self.behaviour)
            return Response("{}", status) if status else None

        @self.app.get(f"{account}/Recordings/<sid>.wav")
        def sound(account: str, sid: str) -> Response:
            self.record(Call("fetch", {"sid": sid}))
            found = self.sounds.get(sid)
            if found is None:
                return failing() or Response("", 404)
            short = found[: len(found) // 2] if self.behaviour == "truncated" else found
            headers = {"Content-Length": str(len(found)), "Connection": "close"}
            return failing() or Response(iter([short]), 200, headers, mimetype="audio/wav")

        @self.app.delete(f"{account}/Recordings/<sid>.json")
        def delete(account: str, sid: str) -> Response:
            recorded = self.record(Call("delete", {"sid": sid}))
            failed = failing()
            if failed:
                return failed
            self.accept(recorded)
            return Response("", 204 if self.sounds.pop(sid, None) is not None else 404)

        @self.app.get(f"{account}/Calls/<call>/Recordings.json")
        def of_call(account: str, call: str) -> Response:
            self.record(Call("recordings", {"call": call}))
            return failing() or jsonify(recordings=[{"sid": sid} for sid in self.of_call.get(call, [])])

    def routes(self) -> None:
        self.recordings()

        @self.app.post("/2010-04-01/Accounts/<account>/Messages.json")
        def create(account: str) -> Response:
            recorded = self.record(Call("Messages", request.form.to_dict()))
            failures = {"error": (500, 20500), "rate": (429, 20429), "blocked": (400, 21610), "refused": (400, 21211)}
            self.holding.wait(WAIT_S)
            if self.behaviour in failures:
                status, code = failures[self.behaviour]
                return Response(json.dumps({"code": code, "message": "no", "status": status}), status)
            recorded.parameters["sid"] = f"SM{len(self.calls):032x}"
            self.accept(recorded)
            whole = json.dumps(self.resource(recorded.parameters))
            return Response(whole[: len(whole) // 2] if self.behaviour == "truncated" else whole, 201)

        @self.app.get("/2010-04-01/Accounts/<account>/Messages.json")
        def listing(account: str) -> Response:
            self.record(Call("list", request.args.to_dict()))
            if self.behaviour == "error":
                return Response("{}", 500)
            to = request.args.get("To")
            found = [self.resource(message) for message in reversed(self.accepted("Messages")) if message["To"] == to]
            return jsonify(messages=found, next_page_uri=None, page=0, page_size=50)

    def resource(self, message: dict[str, Any]) -> dict[str, Any]:
        now = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
        return {"sid": message["sid"], "to": message["To"], "from": message["From"], "body": message["Body"],
                "status": "queued", "direction": "outbound-api", "date_created": now, "date_updated": now,
                "date_sent": None}  # fmt: skip


def _decoded(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _failure(code: int, description: str, more: dict[str, Any]) -> Response:
    body = {"ok": False, "error_code": code, "description": description, **more}
    return Response(json.dumps(body), code, mimetype="application/json")
