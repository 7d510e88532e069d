"""What docs/testing-flows.md shows is true."""

from __future__ import annotations

import re
from pathlib import Path

from flows.conversations.model import Circumstances, Expect, Step
from flows.conversations.player import play
from flows.conversations.typed import HELP
from flows.model import Flow
from flows.yaml_text import read_conversations

GUIDE = (Path(__file__).resolve().parents[4] / "docs" / "testing-flows.md").read_text(encoding="utf-8")


def test_the_conversations_of_the_guide_pass(orders: Flow) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    for conversation in read_conversations(example.encode(), "docs/testing-flows.md").conversations:
        assert play(orders, conversation).failure is None


def test_the_guide_names_every_word_of_a_conversation() -> None:
    for model in (Circumstances, Step, Expect):
        for name in model.model_fields:
            assert re.search(rf"`{name}[`:]", GUIDE), f"{model.__name__}.{name} is not in the guide"


def test_the_help_of_the_shell_names_the_commands_of_the_guide() -> None:
    for command in re.findall(r"`(\.[a-z]+)", GUIDE):
        assert command in HELP
