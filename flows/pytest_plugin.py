"""A pytest plugin: each conversation of a `*.test.yaml` file is a test.

It looks only at files that begin like conversations about a flow, so that another tool's `*.test.yaml` is left alone.
What playing needs is imported when the first such file is found: a pytest run without conversations pays nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from flows.conversations import SUFFIX, looks_like_conversations

if TYPE_CHECKING:
    from flows.conversations.model import Conversation
    from flows.conversations.player import Played
    from flows.model import Flow


class ConversationFailed(Exception):  # noqa: N818 - named like pytest's own outcomes
    """A conversation did not go as it says."""

    def __init__(self, conversation: Conversation, played: Played) -> None:
        self.conversation, self.played = conversation, played
        super().__init__(conversation.name)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Take the files of conversations."""
    if not file_path.name.endswith(SUFFIX) or not file_path.is_file():
        return None
    if not looks_like_conversations(file_path.read_bytes()):
        return None
    return ConversationsFile.from_parent(parent, path=file_path)


class ConversationsFile(pytest.File):
    """A file of conversations."""

    def collect(self) -> Iterable[pytest.Item]:
        """One item for each conversation; a mistake in the file or its flow is an error of collecting."""
        from flows.conversations.files import load_suite
        from flows.problems import FlowError

        try:
            suite = load_suite(self.path)
        except FlowError as error:
            raise self.CollectError(str(error)) from None
        for conversation in suite.conversations:
            yield ConversationItem.from_parent(self, name=conversation.name, flow=suite.flow, conversation=conversation)


class ConversationItem(pytest.Item):
    """One conversation."""

    def __init__(self, *, flow: Flow, conversation: Conversation, **given: Any) -> None:
        super().__init__(**given)
        self._flow, self._conversation = flow, conversation

    def runtest(self) -> None:
        """Play it."""
        from flows.conversations.player import play

        played = play(self._flow, self._conversation)
        if not played.passed:
            raise ConversationFailed(self._conversation, played)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The failing step in plain words; what is no failing step is our own fault, and shown as such."""
        from flows.conversations.report import explain

        if isinstance(excinfo.value, ConversationFailed):
            return "\n".join(explain(excinfo.value.conversation, excinfo.value.played))
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[os.PathLike[str], int | None, str]:
        """Where the test stands."""
        return self.path, None, self._conversation.name
