"""Countries that have no telephone numbers."""

from __future__ import annotations

from collections.abc import Iterator

from phonenumbers import SUPPORTED_REGIONS

from flows.document import Document, Path
from flows.lint.rule import Rule, found
from flows.problems import Problem

ID = "country-unknown"
# What people write who go by the name of a country rather than by its code (ISO 3166-1).
_MEANT = {"UK": "GB", "EN": "GB", "EL": "GR", "SP": "ES", "JA": "JP"}


def _check(document: Document) -> Iterator[Problem]:
    flow = document.flow
    written: list[tuple[Path, str]] = [(("country",), flow.country)]
    for name, queue in flow.queues.items():
        listed = queue.numbers.countries or ()
        written += [(("queues", name, "numbers", "countries", index), country) for index, country in enumerate(listed)]
    for path, country in written:
        if country not in SUPPORTED_REGIONS:
            meant = f"; did you mean {_MEANT[country]}?" if country in _MEANT else ""
            yield found(ID, document, path, f"{country} is no country that telephone numbers are known of{meant}")


RULE = Rule(
    id=ID,
    level="error",
    title="A country without telephone numbers",
    why="Numbers that callers key in are read as those of a country, and only those of listed countries are called "
    "back. With a code that stands for none (`UK` for `GB`), every number would be refused.",
    fails=("country: UK", "queues:\n  shop: {numbers: {countries: [GB, EN]}}"),
    passes=("country: IE\nqueues:\n  shop: {numbers: {countries: [IE, GB]}}",),
    check=_check,
)
