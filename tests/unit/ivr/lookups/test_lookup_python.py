"""Which functions a flow may name, and what may come out of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import actions
from flows.events import Value
from flows.sources import PythonSource
from ivr.lookups import python_functions
from ivr.lookups.errors import LookupFailedError

CLINIC = """
from os import system
from os.path import join as join_paths
import clinic_table

class Finder:
    pass

async def find_later(number):
    return {"state": "sent"}

def find(number):
    return clinic_table.ROWS.get(number)

def fail(number):
    raise ValueError(f"secret {number}")

def leave(number):
    raise SystemExit(number)

def text(number):
    return "secret"

def _private(number):
    return {"state": "sent"}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A flow's folder with a module and its helper; what Python remembers of them is forgotten at the end."""
    (tmp_path / "clinic.py").write_text(CLINIC)
    (tmp_path / "clinic_table.py").write_text('ROWS = {"7": {"state": "sent", "items": [1]}, "8": {}}\n')
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def find(folder: Path, function: str, **where: Value) -> dict[str, Value] | None:
    source = PythonSource(type="python", function=function)
    lookup = actions.Lookup(source=source, where=where, save={"order_state": "state"}, timeout_s=1.0)
    return python_functions.find(lookup, source, folder)


def test_a_function_of_the_folder_is_called_with_the_values_by_name(folder: Path) -> None:
    assert find(folder, "clinic:find", number="7") == {"order_state": "sent"}


@pytest.mark.parametrize("number", ["8", "9"])
def test_none_and_an_empty_mapping_mean_not_found(folder: Path, number: str) -> None:
    assert find(folder, "clinic:find", number=number) is None


def test_a_package_in_the_folder_may_import_its_own_parts(folder: Path) -> None:
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").write_text("")
    (folder / "shop" / "rows.py").write_text('ROW = {"state": "sent"}\n')
    (folder / "shop" / "orders.py").write_text("from .rows import ROW\n\ndef find(number):\n    return ROW\n")
    assert find(folder, "shop.orders:find", number="7") == {"order_state": "sent"}


@pytest.mark.parametrize(
    ("function", "says"),
    [
        ("os:system", "neither in the flow's folder nor offered"),
        ("subprocess:run", "neither in the flow's folder nor offered"),
        ("ivr.lookups:look_up", "neither in the flow's folder nor offered"),
        ("nowhere:find", "neither in the flow's folder nor offered"),
        ("clinic:system", "only imported there"),
        ("clinic:join_paths", "only imported there"),
        ("clinic:_private", "private"),
        ("clinic:missing", "no plain function"),
        ("clinic:find_later", "no plain function"),
        ("clinic:clinic_table", "no plain function"),
        ("clinic.sub:find", "cannot be imported"),
    ],
)
def test_a_function_that_is_not_for_flows_is_refused(folder: Path, function: str, says: str) -> None:
    with pytest.raises(LookupFailedError, match=says) as failed:
        find(folder, function, number="7")
    assert failed.value.code == "setup"


def test_a_file_in_the_folder_never_replaces_a_module_of_python(folder: Path) -> None:
    (folder / "colorsys.py").write_text("def find(number):\n    return {'state': 'sent'}\n")
    with pytest.raises(LookupFailedError, match="another module of this name"):
        find(folder, "colorsys:find", number="7")
    assert sys.path[-1] == str(folder)


def test_a_folder_without_the_file_is_not_put_on_the_import_path(folder: Path) -> None:
    with pytest.raises(LookupFailedError):
        find(folder, "nowhere:find", number="7")
    assert str(folder) not in sys.path


def test_a_link_to_a_file_elsewhere_is_refused(folder: Path) -> None:
    inner = folder / "flow"
    inner.mkdir()
    (inner / "clinic.py").symlink_to(folder / "clinic.py")
    with pytest.raises(LookupFailedError, match="outside the flow's folder"):
        find(inner, "clinic:find", number="7")


def test_an_installed_function_is_called_where_its_package_offers_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(folder)
    elsewhere = folder / "flow"
    elsewhere.mkdir()
    package = folder / "clinic-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: clinic\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[zerohold.lookups]\nfind = clinic:find\n")
    python_functions._offered.cache_clear()
    try:
        assert find(elsewhere, "clinic:find", number="7") == {"order_state": "sent"}
        with pytest.raises(LookupFailedError, match="nor offered"):
            find(elsewhere, "clinic:fail", number="7")
    finally:
        python_functions._offered.cache_clear()


@pytest.mark.parametrize(
    ("function", "where", "says"),
    [
        ("clinic:fail", {"number": "secret"}, "it raised ValueError"),
        ("clinic:leave", {"number": "secret"}, "it raised SystemExit"),
        ("clinic:find", {"name": "secret"}, "it raised TypeError"),
        ("clinic:text", {"number": "7"}, "it returned a str"),
    ],
)
def test_what_goes_wrong_within_is_named_without_values(
    folder: Path, function: str, where: dict[str, Value], says: str
) -> None:
    with pytest.raises(LookupFailedError) as failed:
        find(folder, function, **where)
    assert str(failed.value) == says
    assert failed.value.__context__ is None or failed.value.__suppress_context__


def test_a_module_that_fails_while_it_is_imported_is_named(folder: Path) -> None:
    (folder / "broken.py").write_text("raise SystemExit('secret')\n")
    with pytest.raises(LookupFailedError, match="it cannot be imported: SystemExit"):
        find(folder, "broken:find", number="7")
