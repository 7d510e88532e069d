"""The product's errors: one meaning for each name, and for each code that a log or an answer shows."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def _errors() -> Iterator[tuple[str, str | None, str]]:
    """Name, code (None where it inherits one) and file of each error class."""
    for package in ("flows", "speech", "callbacks", "ivr"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
                    codes = [
                        str(ast.literal_eval(each.value))
                        for each in node.body
                        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "code"
                    ]
                    yield node.name, codes[0] if codes else None, str(path.relative_to(ROOT))


def test_no_two_errors_share_a_name_or_a_code() -> None:
    by_name: dict[str, list[str]] = defaultdict(list)
    by_code: dict[str, list[str]] = defaultdict(list)
    for name, code, path in _errors():
        by_name[name].append(path)
        if code is not None:
            by_code[code].append(f"{path}: {name}")
    assert len(by_name) > 50
    assert not {name: paths for name, paths in by_name.items() if len(paths) > 1}
    assert not {code: classes for code, classes in by_code.items() if len(classes) > 1}
