"""What a flow says of a queue laid out as facts, the defaults included: where -> what is there."""

from __future__ import annotations

from typing import Any, Final

from flows.diff.facts import ORDER, Facts
from flows.queues import Queue

# Parts that are told word by word.
_GROUPS: Final = ("windows", "retries", "numbers", "quotas")


def queue_facts(queue: Queue) -> Facts:
    """The facts of one queue; dispositions go by their keys and priorities by their names."""
    facts: Facts = {}
    for word, value in queue.model_dump(mode="json", exclude_none=True).items():
        if word == "dispositions":
            facts |= {(f"disposition {key}",): _said(value[key]) for key in value}
        elif word == "priorities":
            facts |= {(f"priority {rule['name']}",): _said(rule) for rule in value}
            facts[(word, ORDER)] = [rule["name"] for rule in value]
        elif word in _GROUPS:
            facts |= {(word, inner): fact for inner, fact in value.items()}
        else:
            facts[(word,)] = value
    return facts


def _said(part: dict[str, Any]) -> dict[str, Any]:
    """The words that say something; a false one says as much as one that is left out."""
    return {word: value for word, value in part.items() if value is not False and word != "name"}
