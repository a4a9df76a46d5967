"""A service that is killed again and again: ``python -m tests.webhook.referrals.kill_server PORT CONTACTS``.

The parent imports and loads what is slow once (a serving process has none of its state); every line ``start`` on its
standard input forks a serving process, and the process id is printed when that is ready.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]


def serve(port: int, directory: Any, dialogue: Any) -> None:
    from werkzeug.serving import make_server

    from webhook.app import create_app
    from webhook.settings import Settings

    settings = Settings.load(dotenv=Path("/nonexistent"))
    app = create_app(settings, dialogue, directory=directory)
    app.extensions["hankali"].start()
    server = make_server("127.0.0.1", port, app, threaded=True)
    print(os.getpid(), flush=True)
    server.serve_forever()


def main() -> None:
    warnings.filterwarnings("ignore")
    port, contacts = int(sys.argv[1]), Path(sys.argv[2])
    from bot import rasa_seams
    from bot.training import ensure_model

    model = ensure_model()
    rasa_seams.install()
    import rasa.core.agent  # noqa: F401

    import webhook.app
    import webhook.channels.telegram_api
    import webhook.channels.twilio_api
    import webhook.durable  # noqa: F401
    from bot.actions import Services
    from bot.dialogue import Dialogue
    from bot.places import Places
    from bot.referral.directory import LiveDirectory

    directory = LiveDirectory(contacts)
    services = Services(Places(ROOT / "content" / "places.yml"), directory=directory)
    dialogue = Dialogue.load(model, ROOT / "content", services=services)
    gc.freeze()
    print("parent", flush=True)
    for _ in sys.stdin:
        if os.fork() == 0:
            os.close(0)
            try:
                serve(port, directory, dialogue)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(1)
        # The one before is dead: its place in the process table is given back.
        while True:
            try:
                if os.waitpid(-1, os.WNOHANG)[0] == 0:
                    break
            except ChildProcessError:
                break


if __name__ == "__main__":
    main()
