"""hankali train: the model, from nlu/, stories/, config.yml and bot/domain.yml."""

from __future__ import annotations

import argparse
import sys

from bot.training import TrainingError, default_models_dir, train

HELP = "train the model into var/models/"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """No options: the environment names the folder (HANKALI_MODELS)."""


def run(args: argparse.Namespace) -> int:
    """Prints the model's path on success; 1 when Rasa refuses the data."""
    try:
        print(train(default_models_dir(), lambda line: print(line, file=sys.stderr)))
    except TrainingError as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    return 0
