"""hankali content, audio and radio-pack as an editor uses them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot.test_audio import tone, wav
from tests.conftest import ROOT
from webhook.cli import main


@pytest.fixture
def content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy that the commands work on."""
    for name in [n for n in os.environ if n.startswith(("HANKALI_", "TWILIO_", "TELEGRAM_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    copy = Path(shutil.copytree(ROOT / "content", tmp_path / "content"))
    monkeypatch.setenv("HANKALI_CONTENT", str(copy))
    return copy


def test_check(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["content", "check"]) == 0
    assert "no problem" in capsys.readouterr().out
    file = content / "ha/talk.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("status: draft", "status: fine", 1), encoding="utf-8")
    assert main(["content", "check"]) == 1
    out, err = capsys.readouterr()
    line = file.read_text(encoding="utf-8").split("\n").index("  status: fine") + 1
    assert out.startswith(f"content/ha/talk.yml:{line}: ")
    assert out.strip().endswith("status is draft or reviewed")
    assert err == "1 problems\n"


def test_status_and_confirm(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = content / "fr/talk.yml"
    file.write_text(file.read_text(encoding="utf-8").replace('text: "', 'text: "Bon. ', 1), encoding="utf-8")
    assert main(["content", "status"]) == 0
    out = capsys.readouterr().out
    assert "ha outdated: greet" in out
    assert main(["content", "status", "--json", "--lang", "dje"]) == 0
    languages = json.loads(capsys.readouterr().out)["languages"]
    assert list(languages) == ["dje"]
    assert languages["dje"]["outdated_keys"] == ["greet"]
    assert languages["dje"]["topics"]["talk"]["outdated"] == 1
    assert main(["content", "confirm", "--lang", "dje", "greet"]) == 0
    assert capsys.readouterr().out == "dje: 1 confirmed: greet\n"
    assert main(["content", "confirm", "--lang", "ha", "--all"]) == 0
    assert main(["content", "confirm", "--lang", "ha"]) == 2
    assert main(["content", "confirm", "--lang", "ha", "no_key"]) == 1
    assert main(["content", "status", "--lang", "xx"]) == 1


def test_export_and_import(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["content", "export", "--po", "po"]) == 0
    assert capsys.readouterr().out.split() == ["po/ha.po", "po/dje.po", "po/en.po", "po/hankali.pot"]
    assert main(["content", "import", "--po", "po"]) == 0
    assert capsys.readouterr().out == "dje: nothing new\nen: nothing new\nha: nothing new\n"
    file = Path("po/ha.po")
    text = file.read_text(encoding="utf-8")
    at = text.index('msgctxt "left.text"')
    start = text.index("msgstr", at)
    file.write_text(text[:start] + 'msgstr "{x}"' + text[text.index("\n", start) :], encoding="utf-8")
    assert main(["content", "export", "--po", "po"]) == 1
    capsys.readouterr()
    assert main(["content", "import", "--po", "po"]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("po/ha.po:")
    assert "left.text: placeholder {x} does not exist in fr" in out
    assert "nothing was written" in err
    assert main(["content", "import", "--po", "nowhere"]) == 1


def test_audio(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audio", "status"]) == 0
    assert "the fallback is heard (fr → ha)" in capsys.readouterr().out
    assert main(["audio", "script", "--lang", "ha", "-o", "ha.txt"]) == 0
    assert "left.wav" in Path("ha.txt").read_text(encoding="utf-8")
    Path("studio").mkdir()
    Path("studio/left.wav").write_bytes(wav(tone(1, 44100), 44100))
    assert main(["audio", "import", "studio", "--lang", "ha"]) == 0
    assert main(["audio", "script", "--lang", "ha", "-o", "ha.html"]) == 0
    assert "left.wav" not in Path("ha.html").read_text(encoding="utf-8")
    capsys.readouterr()
    assert main(["audio", "status", "--lang", "ha", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["ha"]["recorded"] == ["left"]
    Path("studio/greet.wav").write_bytes(b"x")
    assert main(["audio", "import", "studio", "--lang", "ha"]) == 1
    assert "studio/greet.wav: is no WAV, MP3 or OGG" in capsys.readouterr().out
    assert main(["content", "check"]) == 0


def test_a_radio_pack_invents_nothing(content: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["radio-pack", "--station", "Radio <X>", "--lang", "ha", "-o", "pack"]) == 0
    err = capsys.readouterr().err
    assert "no number is set" in err
    assert "no QR code" in err
    assert "drafts that no speaker has reviewed" in err
    assert sorted(p.name for p in Path("pack").iterdir()) == ["guide.html", "poster.html", "spot.txt"]
    for file in Path("pack").iterdir():
        text = file.read_text(encoding="utf-8")
        assert "+227" not in text
        assert "<X>" not in text or file.suffix == ".txt"
        assert "Wannan" in text or "gwaji" in text  # the notice of a test service


def test_a_radio_pack_with_a_number(
    content: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HANKALI_MODE", "production")
    monkeypatch.setenv("TWILIO_VOICE_FROM", "+22720000000")
    assert main(["radio-pack", "--station", "Radio X", "--lang", "fr", "-o", "pack"]) == 0
    assert "test service" not in capsys.readouterr().err
    assert "+227 20 00 00 00" in Path("pack/spot.txt").read_text(encoding="utf-8")
    poster = Path("pack/poster.html").read_text(encoding="utf-8")
    assert "+227 20 00 00 00" in poster
    assert "<svg" in poster
    assert Path("pack/qr.svg").read_text(encoding="utf-8").startswith("<svg")
    guide = Path("pack/guide.html").read_text(encoding="utf-8")
    assert "À ne pas demander" in guide
    assert main(["radio-pack", "--station", "X", "--lang", "xx", "-o", "pack"]) == 1
    assert main(["radio-pack", "--station", " ", "--lang", "fr", "-o", "pack"]) == 1
    assert main(["radio-pack", "--station", "X", "--lang", "fr", "-o", "pack", "--link", "javascript:1"]) == 1


def test_the_service_and_doctor_refuse_drafts_when_reviewed_text_is_wanted(
    content: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HANKALI_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("HANKALI_REVIEWED_ONLY", "1")
    assert main(["serve", "--port", "1"]) == 1
    assert capsys.readouterr().err == "hankali serve: no usable text for 'alert' in ha → fr\n"
    assert main(["doctor"]) == 1
    line = next(line for line in capsys.readouterr().out.splitlines() if " content " in line)
    assert line.split()[:2] == ["broken", "content"]
    assert "'alert'" in line


@pytest.mark.parametrize("line", ["content check", "content status", "audio status", "radio-pack --help"])
def test_no_engine_is_loaded(content: Path, line: str) -> None:
    code = (
        "import sys; from webhook.cli import main\n"
        "try: code = main(sys.argv[1:])\n"
        "except SystemExit as left: code = left.code\n"
        "sys.exit(code or bool({'rasa', 'dbos', 'telegram', 'flask'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code, *line.split()], cwd=ROOT, env={**os.environ}, check=False)
    assert done.returncode == 0
