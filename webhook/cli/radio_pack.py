"""hankali radio-pack: what a community radio needs to speak about the service, in one folder to print or to send."""

from __future__ import annotations

import argparse
import io
import os
import re
import sys
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from webhook.cli.content import folder
from webhook.errors import OperatorError

MAX_STATION_CHARACTERS = 80
BLANK = "____________________"
"""Where the number will be written by hand when none is set."""
_E164 = re.compile(r"\+\d{7,15}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Station, language, folder."""
    parser.add_argument("--station", required=True, metavar="NAME", help="the station's name, as its listeners know it")
    parser.add_argument("--lang", required=True)
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="DIR")
    parser.add_argument("--link", default="", help="an https address for the QR code, as https://t.me/…")
    parser.add_argument("--content", type=Path, default=folder(), metavar="DIR", help=argparse.SUPPRESS)


@dataclass(frozen=True)
class Pack:
    """The words of a pack, found in the content and nowhere else. ``number`` is E.164 or empty."""

    station: str
    language: str
    number: str
    link: str
    spot: str
    short_spot: str
    call: str
    cost: str
    privacy: str
    guide: str
    never_ask: str
    test_notice: str
    draft: bool


def run(args: argparse.Namespace) -> int:
    """Writes the files; says on stderr what is missing."""
    pack, notes = _pack(args)
    files: dict[str, str] = {
        "spot.txt": spot(pack),
        "guide.html": page(pack, guide(pack)),
        "poster.html": page(pack, poster(pack)),
    }
    if code := qr_svg(pack):
        files["qr.svg"] = code
    args.output.mkdir(parents=True, exist_ok=True)
    for stale in {"qr.svg"} - set(files):
        (args.output / stale).unlink(missing_ok=True)
    for name, text in files.items():
        (args.output / name).write_text(text, encoding="utf-8")
        print(args.output / name)
    for note in notes:
        print(f"hankali radio-pack: {note}", file=sys.stderr)
    return 0


def _settings() -> dict[str, str]:
    file = Path.cwd() / ".env"
    given = {k: v for k, v in dotenv_values(file).items() if v} if file.is_file() else {}
    return {**given, **{name: value.strip() for name, value in os.environ.items() if value.strip()}}


def _pack(args: argparse.Namespace) -> tuple[Pack, list[str]]:
    from bot.catalogue import usable  # noqa: PLC0415
    from bot.messages import Say  # noqa: PLC0415
    from bot.rendering import render  # noqa: PLC0415

    station = " ".join(args.station.split())
    if not station or len(station) > MAX_STATION_CHARACTERS:
        raise OperatorError(f"--station needs a name of at most {MAX_STATION_CHARACTERS} characters")
    if args.link and (urlsplit(args.link).scheme != "https" or not urlsplit(args.link).hostname):
        raise OperatorError("--link must be an https address")
    settings = _settings()
    catalogue = usable(args.content.absolute(), settings.get("HANKALI_REVIEWED_ONLY") == "1")
    if args.lang not in catalogue.languages:
        raise OperatorError(f"--lang must be one of {', '.join(catalogue.languages)}")
    number = settings.get("TWILIO_VOICE_FROM") or settings.get("TWILIO_SMS_FROM") or ""
    number = number if _E164.fullmatch(number) else ""
    test = settings.get("HANKALI_MODE", "demo") != "production"
    spoken: set[str] = set()

    def text(key: str, channel: str = "telegram", **values: Any) -> str:
        spoken.add(catalogue.find(key, args.lang).language)
        return "\n".join(reply.text for reply in render([Say(key, values)], catalogue, args.lang, channel))

    keys = ("radio_spot", "ask_hotline_number", "ask_cost", "ask_confidentiality", "radio_host", "radio_host_more")
    drafts = [key for key in keys if not catalogue.find(key, args.lang).reviewed]
    pack = Pack(
        station=station,
        language=args.lang,
        number=number,
        link=args.link,
        spot=text("radio_spot"),
        short_spot=catalogue.find("radio_spot", args.lang).sms,
        call=text("ask_hotline_number", number={"phone": number} if number else BLANK),
        cost=text("ask_cost"),
        privacy=catalogue.find("ask_confidentiality", args.lang).sms,
        guide=text("radio_host"),
        never_ask=text("radio_host_more"),
        test_notice=text("demo_notice") if test else "",
        draft=bool(drafts),
    )
    notes = []
    if not number:
        notes.append("no number is set (TWILIO_VOICE_FROM): a blank stands in its place")
    if not number and not args.link:
        notes.append("no QR code: there is neither a number nor a --link")
    if test:
        notes.append("not production mode: every sheet says that this is a test service")
    if drafts:
        notes.append(f"drafts that no speaker has reviewed: {', '.join(drafts)}")
    if spoken - {args.lang}:
        notes.append(f"some texts fall back to {', '.join(sorted(spoken - {args.lang}))}")
    return pack, notes


def shown_number(pack: Pack) -> str:
    """In groups, or the blank."""
    from bot.wording import phone  # noqa: PLC0415

    return phone(pack.number, "telegram") if pack.number else BLANK


def spot(pack: Pack) -> str:
    """To read on air: long, short, and the number."""
    parts = [
        pack.station,
        pack.test_notice,
        pack.spot,
        shown_number(pack),
        "* * *",
        pack.short_spot,
        shown_number(pack),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def guide(pack: Pack) -> str:
    """For the host: what to say, and what never to ask on air."""
    return (
        f"<h1>{escape(pack.station)}</h1>{_paragraphs(pack.guide)}"
        f'<section class="never">{_paragraphs(pack.never_ask)}</section>'
        f"<section>{_paragraphs(pack.spot)}{_paragraphs(pack.call)}</section>"
    )


def poster(pack: Pack) -> str:
    """One sheet for a wall: the questions, the number, the code."""
    return (
        f'<div class="poster"><h1>Hankali</h1>{_paragraphs(pack.spot)}'
        f"<p class=number>{escape(shown_number(pack))}</p>{qr_svg(pack)}"
        f"{_paragraphs(pack.cost)}{_paragraphs(pack.privacy)}<p class=station>{escape(pack.station)}</p></div>"
    )


def page(pack: Pack, body: str) -> str:
    """A page that prints on A4. What is not for the wall (a draft's mark) does not print."""
    notice = f'<p class="notice">{escape(pack.test_notice)}</p>' if pack.test_notice else ""
    draft = '<p class="screen">Brouillon non relu / draft, not reviewed by a speaker</p>' if pack.draft else ""
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(pack.language)}"><meta charset="utf-8">'
        f"<title>{escape(pack.station)}: Hankali</title>\n"
        "<style>@page{size:A4;margin:18mm}body{font:16px/1.5 sans-serif;max-width:44em;margin:1em auto;padding:0 1em}"
        "p{white-space:pre-line}.never{border-left:4px solid #000;padding-left:1em}"
        ".number{font-size:28px;font-weight:bold}.notice{border:2px solid #000;padding:.5em}"
        ".poster{text-align:center;font-size:20px}.poster h1{font-size:56px;margin:0}.poster .number{font-size:44px}"
        ".poster svg{width:55mm;height:55mm}.station{font-weight:bold}"
        ".screen{background:#eee;padding:.5em}@media print{.screen{display:none}}</style>\n"
        f"{draft}{notice}{body}\n</html>\n"
    )


def qr_svg(pack: Pack) -> str:
    """A code that calls the number (or opens the link); empty when there is neither."""
    target = pack.link or (f"tel:{pack.number}" if pack.number else "")
    if not target:
        return ""
    import segno  # noqa: PLC0415

    buffer = io.BytesIO()
    segno.make(target, error="m", micro=False).save(buffer, kind="svg", xmldecl=False, omitsize=True)
    return buffer.getvalue().decode().strip()


def _paragraphs(text: str) -> str:
    return f"<p>{escape(text)}</p>"
