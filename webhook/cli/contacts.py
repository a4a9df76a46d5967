"""hankali contacts: is the directory fit for use; a hash for a contact's PIN."""

from __future__ import annotations

import argparse
import getpass
import sys

from bot.referral.directory import EXAMPLE, DirectoryError, load_directory
from bot.referral.pins import hash_pin, is_pin
from bot.referral.routing import findings
from webhook.clock import utc_now
from webhook.errors import OperatorError
from webhook.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """check, pin."""
    commands = parser.add_subparsers(dest="action", required=True)
    commands.add_parser(
        "check", help="expired, unverified, uncovered regions or languages; 1 when somebody is not served"
    )
    commands.add_parser("pin", help="reads a PIN (4 to 8 digits) and prints its hash for the directory")


def run(args: argparse.Namespace) -> int:
    """0 fit for use, 1 not."""
    return _check() if args.action == "check" else _pin()


def _check() -> int:
    settings = Settings.load()
    file = settings.contacts or (EXAMPLE if settings.demo else None)
    if file is None:
        raise OperatorError("HANKALI_CONTACTS is not set: there is no directory")
    try:
        directory = load_directory(file)
    except DirectoryError as error:
        raise OperatorError(str(error)) from error
    found = list(findings(directory, directory.local(utc_now()).date()))
    for finding in found:
        print(f"{'PROBLEM' if finding.serious else 'note'}  {finding.text}")
    serious = sum(finding.serious for finding in found)
    print(f"{file}: {len(directory.contacts)} contacts, {serious} problems, {len(found) - serious} notes")
    return 1 if serious else 0


def _pin() -> int:
    pin = getpass.getpass("PIN: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    if not is_pin(pin):
        raise OperatorError("a PIN has 4 to 8 digits")
    print(hash_pin(pin))
    return 0
