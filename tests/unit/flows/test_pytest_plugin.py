"""The pytest plugin: conversations as tests."""

from __future__ import annotations

from importlib.metadata import entry_points
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

EXAMPLES = Path(__file__).resolve().parents[3] / "flows" / "examples"
# Another plugin that is installed here warns where it is not configured.
PLAIN = ("-p", "no:asyncio")
SUITE = """\
flow: orders.yaml
conversations:
  - name: the opening hours
    steps:
      - says: hours
      - expect: {prompt: We are open from nine to six}
  - name: a wrong idea of the opening hours
    steps:
      - presses: "2"
      - expect: {prompt: "We are open from nine to five, Monday to Saturday."}
"""


@pytest.fixture
def folder(pytester: pytest.Pytester) -> pytest.Pytester:
    for name in ("orders.yaml", "orders.csv"):
        (pytester.path / name).write_bytes((EXAMPLES / name).read_bytes())
    return pytester


def test_the_plugin_is_known_to_pytest_by_its_entry_point() -> None:
    assert [point.value for point in entry_points(group="pytest11", name="zerohold")] == ["flows.pytest_plugin"]


def test_each_conversation_is_a_test_and_a_failure_reads_like_one_of_ivr_flow_test(folder: pytest.Pytester) -> None:
    (folder.path / "orders.test.yaml").write_text(SUITE)
    result = folder.runpytest_inprocess(*PLAIN)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "step 2 of 2: expect",
            "*- We are open from nine to five, Monday to Saturday.",
            "*+ We are open from nine to six, Monday to Saturday.",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_conversations_are_chosen_by_name(folder: pytest.Pytester) -> None:
    (folder.path / "orders.test.yaml").write_text(SUITE)
    folder.runpytest_inprocess(*PLAIN, "-k", "wrong").assert_outcomes(failed=1, deselected=1)


def test_a_mistake_in_the_file_is_an_error_with_its_line(folder: pytest.Pytester) -> None:
    (folder.path / "orders.test.yaml").write_text(SUITE.replace("says: hours", "say: hours"))
    result = folder.runpytest_inprocess(*PLAIN)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*orders.test.yaml:5:9: *is not a word*did you mean says?*"])


def test_a_mistake_in_the_flow_is_an_error_too(folder: pytest.Pytester) -> None:
    (folder.path / "orders.test.yaml").write_text(SUITE)
    (folder.path / "orders.yaml").write_text("zerohold: 1\n")
    result = folder.runpytest_inprocess(*PLAIN)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*orders.yaml:1:1: *"])


@pytest.mark.parametrize("content", ["", "tests:\n  - name: something else\n", "flow: x\nsteps: []\n", "\ufffe"])
def test_the_yaml_of_other_tools_is_left_alone(pytester: pytest.Pytester, content: str) -> None:
    (pytester.path / "other.test.yaml").write_text(content)
    result = pytester.runpytest_inprocess(*PLAIN)
    result.assert_outcomes()
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
