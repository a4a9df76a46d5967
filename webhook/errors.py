"""Errors whose message an operator can act on."""

from __future__ import annotations


class OperatorError(Exception):
    """Something an operator has to change; the message says what, in one line, without secrets or addresses."""


class SettingsError(OperatorError):
    """A setting is missing or wrong; the message begins with its name."""


class AlreadyServingError(OperatorError):
    """Another process serves the same state."""
