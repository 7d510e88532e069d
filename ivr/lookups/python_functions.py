"""Lookups by a Python function of the operator's.

Which functions a flow may name: those that a file in the flow's folder defines itself, and those that an installed
package offers by an entry point of the group `zerohold.lookups`. So no flow reaches `os.system`, nor what a file merely
imports.
"""

from __future__ import annotations

import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Final

from flows import actions
from flows.events import Value
from flows.sources import PythonSource
from ivr.lookups.errors import LookupFailedError
from ivr.lookups.values import is_empty, pick

ENTRY_POINTS: Final = "zerohold.lookups"

_import_path = threading.Lock()


def find(lookup: actions.Lookup, source: PythonSource, folder: Path) -> dict[str, Value] | None:
    """Call the function with `where` as keyword arguments; the values of its mapping, None for none or an empty one.

    Raises `LookupFailedError`; what the function raises is named by its type alone, for its text may hold a value.
    """
    function = function_of(source.function, folder)
    try:
        result = function(**lookup.where)
        if result is not None and not isinstance(result, Mapping):
            raise LookupFailedError(f"it returned a {type(result).__name__}", code="answer")
        return None if is_empty(result) else pick(result, lookup.save)
    except LookupFailedError:
        raise
    except BaseException as error:  # SystemExit, too: it is the function's fault, not the end of the process
        raise LookupFailedError(f"it raised {type(error).__name__}", code="unreachable", retryable=True) from None


def function_of(entry_point: str, folder: Path) -> Callable[..., object]:
    """The function that `module:function` names; raises `LookupFailedError` for one that a flow may not name."""
    module_name, _, name = entry_point.partition(":")
    top = module_name.split(".")[0]
    home = _home(top, folder)
    if home is None and entry_point not in _offered():
        raise LookupFailedError("it is neither in the flow's folder nor offered by an installed package", code="setup")
    module = _imported(module_name, home)
    function = getattr(module, name, None)
    if not callable(function) or inspect.isclass(function) or inspect.iscoroutinefunction(function):
        raise LookupFailedError("it is no plain function", code="setup")
    if home is not None and (name.startswith("_") or str(getattr(function, "__module__", "")).split(".")[0] != top):
        raise LookupFailedError("it is private, or only imported there", code="setup")
    return function  # type: ignore[no-any-return]


def _imported(module_name: str, home: Path | None) -> ModuleType:
    if home is not None:
        _make_importable(home)
    try:
        module = importlib.import_module(module_name)
    except BaseException as error:  # a module may raise anything while it is imported
        raise LookupFailedError(f"it cannot be imported: {type(error).__name__}", code="setup") from None
    if home is not None and not Path(module.__file__ or "/").resolve().is_relative_to(home):
        raise LookupFailedError("Python has another module of this name; give the file another one", code="setup")
    return module


def _home(top: str, folder: Path) -> Path | None:
    """The flow's folder, if the module's file or package really lies there."""
    home = folder.resolve()
    for candidate in (home / f"{top}.py", home / top / "__init__.py"):
        if candidate.is_file():
            if not candidate.resolve().is_relative_to(home):
                raise LookupFailedError("it lies outside the flow's folder", code="setup")
            return home
    return None


def _make_importable(home: Path) -> None:
    """Put the folder at the end of the import path: a file there can add a module, and never replace one."""
    with _import_path:
        if str(home) not in sys.path:
            sys.path.append(str(home))
        importlib.invalidate_caches()


@lru_cache(maxsize=1)
def _offered() -> frozenset[str]:
    """What installed packages offer; read once, for it takes milliseconds and a package comes with a restart."""
    return frozenset(point.value.replace(" ", "") for point in metadata.entry_points(group=ENTRY_POINTS))
