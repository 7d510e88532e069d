"""All rules: every module of `flows.lint.rules` has one."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Final

from flows.lint import rules
from flows.lint.rule import Rule

RULES: Final[dict[str, Rule]] = {
    rule.id: rule
    for module in sorted(pkgutil.iter_modules(rules.__path__), key=lambda module: module.name)
    for rule in (import_module(f"{rules.__name__}.{module.name}").RULE,)
}
