"""The generator and the folder that it writes."""

from pathlib import Path

import pytest

from dashboards.__main__ import NAMES, differences, first_difference, main, render, write


def test_what_was_written_differs_in_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    assert differences(tmp_path) == []
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(NAMES)


def test_a_dashboard_is_the_same_each_time() -> None:
    assert render("requests") == render("requests")


def test_what_differs_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "alerts.json").unlink()
    (tmp_path / "mine.json").write_text("{}\n")
    changed = tmp_path / "requests.json"
    changed.write_text(changed.read_text().replace('"uid": "requests"', '"uid": "other"'))
    missing, unknown, different = differences(tmp_path)
    assert missing == "alerts.json is missing"
    assert unknown == "mine.json has no dashboard in src"
    assert different.startswith("requests.json differs from src at line ")


@pytest.mark.parametrize(
    ("there", "wanted", "line"),
    [("a\nb\n", "a\nc\n", 2), ("a\n", "a\nb\n", 2), ("a\nb\n", "a\n", 2), ("", "a\n", 1)],
)
def test_the_first_line_that_differs(there: str, wanted: str, line: int) -> None:
    assert first_difference(there, wanted) == line


def test_the_command_says_how_to_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["dashboards", "check", str(tmp_path)])
    assert main() == 1
    assert "just dashboards" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["dashboards", "write", str(tmp_path)])
    assert main() == 0
    monkeypatch.setattr("sys.argv", ["dashboards", "check", str(tmp_path)])
    assert main() == 0
