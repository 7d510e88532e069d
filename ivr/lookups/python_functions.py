"""Lookups by a Python function of the operator's."""

from __future__ import annotations

import importlib
import inspect
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from flows import actions
from flows.events import Value
from flows.sources import PythonSource
from ivr.lookups.errors import LookupFailedError
from ivr.lookups.values import is_empty, pick

# A flow must not reach os.system and the like, nor the inside of this product.
FORBIDDEN: Final = frozenset(sys.stdlib_module_names) | {"builtins", "ivr", "flows", "speech", "callbacks"}

_paths = threading.Lock()


def find(lookup: actions.Lookup, source: PythonSource, folder: Path) -> dict[str, Value] | None:
    """Call the function with `where` as keyword arguments; the values of its mapping, None for none.

    Raises `LookupFailedError`; what the function raises is named by its type alone, for its text may hold a value.
    """
    function = function_of(source.function, folder)
    try:
        result = function(**lookup.where)
        if result is not None and not isinstance(result, Mapping):
            raise LookupFailedError(f"{source.function} returned a {type(result).__name__}", code="answer")
        return None if is_empty(result) else pick(result, lookup.save)
    except LookupFailedError:
        raise
    except BaseException as error:  # also SystemExit: it is the function's, not the process's
        raise LookupFailedError(
            f"{source.function} raised {type(error).__name__}", code="unreachable", retryable=True
        ) from None


def function_of(entry_point: str, folder: Path) -> Callable[..., object]:
    """The function that `module:function` names, from `folder` or from what is installed."""
    module_name, _, name = entry_point.partition(":")
    top = module_name.split(".")[0]
    if top in FORBIDDEN or name.startswith("_"):
        raise LookupFailedError(f"{entry_point} is not for flows", code="setup")
    home = _home(top, folder)
    if home is not None:
        _make_importable(home)
    try:
        module = importlib.import_module(module_name)
    except BaseException as error:  # a module may raise anything while it is imported
        raise LookupFailedError(f"{module_name} cannot be imported: {type(error).__name__}", code="setup") from None
    if home is not None and not Path(module.__file__ or "/").resolve().is_relative_to(home):
        raise LookupFailedError(f"{top} is also an installed module; give the file another name", code="setup")
    function = getattr(module, name, None)
    if not callable(function) or inspect.isclass(function) or inspect.iscoroutinefunction(function):
        raise LookupFailedError(f"{entry_point} is no plain function", code="setup")
    return function  # type: ignore[no-any-return]


def _home(top: str, folder: Path) -> Path | None:
    """The flow's folder, if the module's file or package really lies there."""
    home = folder.resolve()
    for candidate in (home / f"{top}.py", home / top / "__init__.py"):
        if candidate.is_file():
            if not candidate.resolve().is_relative_to(home):
                raise LookupFailedError(f"{top} lies outside the flow's folder", code="setup")
            return home
    return None


def _make_importable(home: Path) -> None:
    """Put the folder at the end of the import path: a file there can add a module, and never replace one."""
    with _paths:
        if str(home) not in sys.path:
            sys.path.append(str(home))
            importlib.invalidate_caches()
