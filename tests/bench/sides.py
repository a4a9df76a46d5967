"""The three sides as processes: started, measured from outside, stopped."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.doors import Door, RestDoor, SmsDoor
from tests.bench.load import first_answer
from tests.bench.stock_project import CACHE, ROOT, environment

MODELS = ROOT / "var" / "models"
PATIENCE_S = 300.0
STOP_WITHIN_S = 40.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")

Command = Callable[[int, Path], tuple[list[str], dict[str, str], Door]]
"""Port and an empty folder → command line, environment, and the door of the service that it starts."""


@dataclass
class Side:
    """One service. Use as a context manager: started on entering, its whole process group ended on leaving."""

    name: str
    command: Command
    door: Door = field(init=False)
    cold_start_s: float = field(init=False)
    """From the start of the process to the first answer."""
    _process: subprocess.Popen[bytes] = field(init=False)
    _folder: Path = field(init=False)

    def __enter__(self) -> Side:
        self._folder = CACHE / f"run-{self.name}-{secrets.token_hex(4)}"
        self._folder.mkdir(parents=True)
        port = _free_port()
        command, environ, self.door = self.command(port, self._folder)
        log = (CACHE / f"serve-{self.name}.log").open("wb")
        started = time.monotonic()
        self._process = subprocess.Popen(
            command, cwd=self._folder, env=environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        log.close()
        try:
            first_answer(self.door, "bonjour", PATIENCE_S, lambda: self._process.poll() is None)
        except BaseException:
            self.__exit__()
            raise
        self.cold_start_s = time.monotonic() - started
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_WITHIN_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def memory_mb(self) -> float:
        """Proportional set size of all its processes: shared pages are counted once."""
        return sum(_pss_kb(pid) for pid in self._tree()) / 1024

    def cpu_s(self) -> float:
        """Processor time that all its processes have used."""
        return sum(_cpu_ticks(pid) for pid in self._tree()) / _TICKS_PER_S

    def _tree(self) -> list[int]:
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        found = [self._process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found


def ours(port: int, folder: Path) -> tuple[list[str], dict[str, str], Door]:
    """``hankali serve`` as an operator starts it: demo mode, SQLite, nothing kept from before."""
    token = secrets.token_hex(16)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HANKALI_", "TWILIO_", "TELEGRAM_"))}
    environ = {
        **kept,
        "PYTHONPATH": str(ROOT),
        "HANKALI_MODE": "demo",
        "HANKALI_VAR": str(folder),
        "HANKALI_MODELS": str(MODELS),
        "HANKALI_RATE_LIMIT": "0",
        "TWILIO_AUTH_TOKEN": token,
    }
    hankali = str(Path(sys.executable).with_name("hankali"))
    return [hankali, "serve", "--port", str(port)], environ, SmsDoor(port, token)


def stock(python: Path, model: Path) -> Command:
    """``rasa run`` with a model, over REST."""

    def command(port: int, folder: Path) -> tuple[list[str], dict[str, str], Door]:
        (folder / "credentials.yml").write_text("rest:\n")
        arguments = ["run", "--model", str(model), "--credentials", "credentials.yml", "--interface", "127.0.0.1"]
        return [str(python), "-m", "rasa", *arguments, "--port", str(port)], environment(), RestDoor(port)

    return command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _pss_kb(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _cpu_ticks(pid: int) -> int:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return 0
