"""A serving process for tests that kill it: ``python -m tests.webhook.serving_process PORT``.

Its dialogue is the fixed one; a message ``KILL`` kills the process, hard, between *accept* and *finish*.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from werkzeug.serving import make_server

from bot.messages import Incoming
from tests.webhook.fixed_dialogue import FixedDialogue
from webhook.app import create_app
from webhook.settings import Settings


def main() -> None:
    port = int(sys.argv[1])
    dialogue = FixedDialogue()

    def kill(incoming: Incoming) -> None:
        if incoming.text == "KILL" and "MERCY" not in os.environ:
            os.kill(os.getpid(), signal.SIGKILL)

    dialogue.before = kill
    app = create_app(Settings.load(dotenv=Path("/nonexistent")), dialogue)
    app.extensions["hankali"].start()
    server = make_server("127.0.0.1", port, app, threaded=True)
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
