"""The picture of the lifecycle: what is committed is what the table says."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

from typer.testing import CliRunner

from callbacks.lifecycle import TABLE
from ivr.cli import app
from ivr.lifecycle_picture import lifecycle_svg, sorted_out

COMMITTED = Path(__file__).resolve().parents[3] / "docs" / "callback-lifecycle.svg"


def test_the_picture_in_the_docs_is_the_one_of_the_table() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == lifecycle_svg(), (
        "run: ivr callbacks lifecycle --out docs/callback-lifecycle.svg"
    )


def test_every_line_of_the_table_is_in_the_picture_once() -> None:
    edges, stays, from_many = sorted_out()
    shown = [(source, event, target) for (source, target), names in edges.items() for event in names]
    shown += [(state, event, state) for state, names in stays.items() for event in names]
    shown += [(source, event, target) for (event, target), sources in from_many.items() for source in sources]
    table = [(state, kind.__name__, target) for (state, kind), targets in TABLE.items() for target in targets]
    assert sorted(shown) == sorted(table)


def test_the_picture_is_sound_xml_with_every_state_and_every_event() -> None:
    words = " ".join(text for text in ET.fromstring(lifecycle_svg()).itertext())
    for state, kind in TABLE:
        assert state in words
        assert kind.__name__ in words


def test_the_command_prints_it_and_writes_it(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["callbacks", "lifecycle"])
    assert printed.stdout == lifecycle_svg()
    assert CliRunner().invoke(app, ["callbacks", "lifecycle", "--out", str(tmp_path / "x.svg")]).exit_code == 0
    assert (tmp_path / "x.svg").read_text(encoding="utf-8") == lifecycle_svg()
