"""``make bench``: our whole path against stock Rasa, in one run on one machine. It measures; it fails nobody."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.training import current_model
from tests.bench import report, stock_project
from tests.bench.measuring import Results, measure
from tests.bench.sides import MODELS, Command, ours, stock

SIDES = ("ours", *stock_project.STOCKS)
REPORT = stock_project.CACHE / "report.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer starts, rounds and messages")
    parser.add_argument("--only", action="append", choices=SIDES, help="only this side (repeatable)")
    parser.add_argument("--rounds", type=int, help="how often everything is repeated (5; quick 2)")
    parser.add_argument(
        "--keep-models", action="store_true", help="use stock models trained on earlier data instead of training again"
    )
    args = parser.parse_args()
    wanted = args.only or SIDES
    rounds, starts = args.rounds or (2 if args.quick else 5), 1 if args.quick else 3
    stock_project.CACHE.mkdir(parents=True, exist_ok=True)

    commands, models = _prepare([name for name in SIDES if name in wanted], args.keep_models)
    circumstances: dict[str, Any] = {
        "processors": os.cpu_count(),
        "system": platform.platform(),
        "load_before": round(os.getloadavg()[0], 2),
        "rounds": rounds,
        "starts": starts,
    }
    started = time.monotonic()
    results = measure(commands, rounds=rounds, starts=starts, quick=args.quick, progress=_progress)
    circumstances["took_s"] = round(time.monotonic() - started)
    _tell(results, models, circumstances)
    return 0


def _prepare(sides: list[str], keep_models: bool) -> tuple[dict[str, Command], dict[str, stock_project.StockModel]]:
    """Everything trained and built before a clock runs."""
    commands: dict[str, Command] = {}
    models: dict[str, stock_project.StockModel] = {}
    for name in sides:
        if name == "ours":
            if current_model(MODELS) is None:
                _progress("training our model")
                hankali = Path(sys.executable).with_name("hankali")
                environ = {**os.environ, "PYTHONPATH": str(stock_project.ROOT), "HANKALI_MODELS": str(MODELS)}
                with (stock_project.CACHE / "train-ours.log").open("w") as log:
                    subprocess.run(
                        [hankali, "train"], check=True, cwd=stock_project.ROOT, env=environ,
                        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    )  # fmt: skip
            commands[name] = ours
        else:
            python = stock_project.ensure_environment(_progress)
            models[name] = stock_project.ensure_model(name, python, _progress, keep=keep_models)
            commands[name] = stock(python, models[name].model)
    return commands, models


def _tell(
    results: dict[str, Results], models: dict[str, stock_project.StockModel], circumstances: dict[str, Any]
) -> None:
    summaries = {name: side.summary() for name, side in results.items()}
    targets = report.targets(results)
    warning = report.disturbance(results)
    print(report.table(summaries), end="\n\n")
    for name, model in models.items():
        accuracy = ", ".join(f"{language} {share:.0%}" for language, share in model.accuracy.items())
        epochs = f"{model.epochs} epochs, " if model.epochs else ""
        print(f"{name}: {epochs}{model.examples} examples, intents right on tests/evaluation: {accuracy}")
    print("{rounds} rounds, {starts} starts, {processors} processors; medians (worst … best)".format(**circumstances))
    for target in targets:
        print(report.verdict(target))
    if warning:
        print(warning)
    written = {
        **circumstances,
        "sides": summaries,
        "stock_models": {name: {**asdict(model), "model": model.model.name} for name, model in models.items()},
        "targets": [asdict(target) for target in targets],
        "warning": warning,
    }
    REPORT.write_text(json.dumps(written, indent=1, ensure_ascii=False), encoding="utf-8")
    print(f"Everything: {REPORT}")


def _progress(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
