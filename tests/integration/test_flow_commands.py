"""`ivr flow publish`, `rollback`, `history`, `list`, `show` and `diff`, as people type them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import redis

from flows.prove import prove
from ivr import cli, publishing
from ivr.commands.processes import web
from ivr.redis_publications import NotPublishedError, Publications
from ivr.redis_server import PrivateRedis
from ivr.services import build
from ivr.settings import load_settings
from tests.small_flow import line_yaml

FLOW = line_yaml('"One [bold] :warning:"')
SECOND = FLOW.replace("One", "Two")
BAD = FLOW.replace("next: bye", "next: by").replace("start: hours", "start: our")


class Done(msgspec.Struct, frozen=True):
    """How a command ended."""

    status: int
    out: str
    err: str


Ivr = Callable[..., Done]
pytestmark = pytest.mark.usefixtures("unproved")


@pytest.fixture
def ivr(
    redis_server: PrivateRedis,
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> Ivr:
    """Run `ivr` as the shell does; by whom it is shall not depend on the machine."""
    assert redis_client.dbsize() == 0
    settings = {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": "t" * 32,
        "CALLER_ID_NUMBER": "+442079460000",
        "PERSON_NUMBER": "+442079460999",
        "PUBLIC_URL": "http://127.0.0.1:8080",
        "REDIS_URL": redis_server.url,
        "GIT_CONFIG_GLOBAL": str(tmp_path / "gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LOGNAME": "till",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "line.yaml").write_text(FLOW)
    (tmp_path / "second.yaml").write_text(SECOND)
    (tmp_path / "bad.yaml").write_text(BAD)

    def run(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["ivr", "flow", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        written = capfd.readouterr()
        assert "Traceback" not in written.err
        return Done(int(ended.value.code or 0), written.out, written.err)

    return run


@pytest.fixture
def publications(redis_client: redis.Redis) -> Publications:
    return Publications(redis_client)


def test_what_changes_is_said_when_it_is_published_and_the_history_shows_who_when_and_why(ivr: Ivr) -> None:
    assert "nothing yet" in ivr("list").out
    first = ivr("publish", "line.yaml", "--message", "the beginning", "--by", "desk")
    assert first.status == 0
    assert "line: published, new calls begin with" in first.out
    second = ivr("publish", "second.yaml", "-m", "two [instead] of one")
    assert 'hours: the prompt in English is now "Two [bold] :warning:"; it was "One [bold] :warning:".' in second.out
    shown = [line for line in ivr("history").out.splitlines() if "publish" in line]
    assert "two [instead] of one" in shown[0]
    assert "till" in shown[0]
    assert "*" in shown[0]
    assert "the beginning" in shown[1]
    assert "desk" in shown[1]
    assert "two [instead] of one" in ivr("list").out


def test_the_name_in_git_is_who_published(ivr: Ivr, tmp_path: Path, publications: Publications) -> None:
    (tmp_path / "gitconfig").write_text("[user]\n\tname = front desk\n")
    ivr("publish", "line.yaml", "-m", "x")
    assert publications.history("line")[0].by == "front desk"


def test_a_file_with_mistakes_is_refused_with_all_of_them_and_nothing_changes(
    ivr: Ivr, publications: Publications
) -> None:
    ivr("publish", "line.yaml", "-m", "x")
    before = publications.heads()
    done = ivr("publish", "bad.yaml", "-m", "y")
    assert done.status == 1
    assert "bad.yaml:8:" in done.err
    assert "bad.yaml:10:" in done.err
    assert "nothing has changed" in done.err
    assert publications.heads() == before
    assert ivr("publish", "none.yaml", "-m", "y").status == 2


def test_a_flow_whose_proof_fails_is_refused_with_the_call_that_shows_it(
    ivr: Ivr, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, publications: Publications
) -> None:
    """Whatever the rules find or do not find."""
    monkeypatch.setattr(publishing, "prove", prove)
    monkeypatch.setattr(publishing, "lint", lambda document, **_looks: [])
    words = "word " * 390
    menu = "  menu: {type: menu, prompt: What?, choices: [{key: '1', phrases: [end], label: the end, to: bye}]}\n"
    (tmp_path / "long.yaml").write_text(FLOW.replace("One", words).replace("next: bye", "next: menu") + menu)
    done = ivr("publish", "long.yaml", "-m", "x")
    assert done.status == 1
    assert "[proof:exit-offered-soon]" in done.err
    assert publications.heads() == {}


@pytest.mark.parametrize("message", [(), ("-m", "  ")])
def test_a_publication_needs_a_message(ivr: Ivr, message: tuple[str, ...], publications: Publications) -> None:
    assert ivr("publish", "line.yaml", *message).status == 2
    assert publications.heads() == {}


def test_who_is_overtaken_is_told_by_whom_and_what_to_type_next(ivr: Ivr, publications: Publications) -> None:
    ivr("publish", "line.yaml", "-m", "x")
    base = publications.current_revision("line")
    ivr("publish", "second.yaml", "-m", "opening [hours]", "--by", "desk")
    theirs = publications.current_revision("line")
    third = Path("third.yaml")
    third.write_text(FLOW.replace("One", "Three"))
    done = ivr("publish", "third.yaml", "-m", "y", "--onto", str(base))
    assert done.status == 1
    assert f"desk  publish  {theirs}  opening [hours]" in done.err
    assert f"ivr flow diff {theirs} third.yaml" in done.err
    assert publications.current_revision("line") == theirs
    assert ivr("publish", "third.yaml", "-m", "y", "--onto", str(theirs)).status == 0


def test_a_rollback_says_what_callers_notice_and_stays_in_the_history(ivr: Ivr, publications: Publications) -> None:
    ivr("publish", "line.yaml", "-m", "x")
    first = publications.current_revision("line")
    ivr("publish", "second.yaml", "-m", "y")
    done = ivr("rollback", "-m", "the hours were wrong")
    assert f"rolled back, new calls begin with {first}" in done.out
    assert 'is now "One [bold] :warning:"' in done.out
    assert "the hours were wrong" in ivr("history", "line").out
    again = ivr("rollback", "-m", "further")
    assert again.status == 1
    assert "nothing to go back to" in again.err


def test_a_published_revision_can_be_had_back_byte_for_byte(
    ivr: Ivr, tmp_path: Path, publications: Publications
) -> None:
    odd = "\ufeff# Öffnungszeiten\r\n" + FLOW.replace("\n", "\r\n")
    (tmp_path / "odd.yaml").write_bytes(odd.encode())
    ivr("publish", "odd.yaml", "-m", "x")
    assert ivr("show", str(publications.current_revision("line"))[:6]).out.encode() == odd.encode()


def test_a_difference_is_shown_in_lines_and_in_sentences_between_files_and_revisions(
    ivr: Ivr, publications: Publications
) -> None:
    assert ivr("diff", "line.yaml").status == 1  # nothing is published yet
    ivr("publish", "line.yaml", "-m", "x")
    revision = str(publications.current_revision("line"))
    sentence = 'hours: the prompt in English is now "Two [bold] :warning:"; it was "One [bold] :warning:".'
    for arguments in (("second.yaml",), (revision[:5], "second.yaml"), ("line.yaml", "second.yaml")):
        done = ivr("diff", *arguments)
        assert done.status == 0
        assert '+  hours: {type: say, prompt: "Two [bold] :warning:", next: bye}' in done.out
        assert sentence in done.out
    assert ivr("diff", "line.yaml").out == "no difference\n"


def test_comments_alone_are_nothing_that_callers_notice(ivr: Ivr, tmp_path: Path) -> None:
    (tmp_path / "comment.yaml").write_text("# why\n" + FLOW)
    assert "Callers notice nothing" in ivr("diff", "line.yaml", "comment.yaml").out


def test_a_difference_with_a_file_that_is_no_flow_says_where_it_is_wrong(ivr: Ivr, tmp_path: Path) -> None:
    (tmp_path / "no.yaml").write_text("zerohold: 1\nname: [\n")
    done = ivr("diff", "line.yaml", "no.yaml")
    assert done.status == 1
    assert "no.yaml:" in done.err


def test_where_several_flows_are_published_the_one_that_is_meant_must_be_named(ivr: Ivr, tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text(FLOW.replace("name: line", "name: other"))
    ivr("publish", "line.yaml", "-m", "x")
    ivr("publish", "other.yaml", "-m", "x")
    for command in (("history",), ("rollback", "-m", "x")):
        done = ivr(*command)
        assert done.status == 1
        assert "say which flow is meant: line, other" in done.err
    assert ivr("history", "other").status == 0


def test_without_anything_published_each_command_says_how_to_begin(ivr: Ivr) -> None:
    for command in (("history",), ("rollback", "-m", "x")):
        done = ivr(*command)
        assert done.status == 1
        assert "ivr flow publish FILE" in done.err
    assert "no revision abcd has been published" in ivr("show", "abcd").err


def test_a_process_that_is_to_answer_with_an_unpublished_flow_says_what_to_do(
    ivr: Ivr, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOW_NAME", "line")
    with pytest.raises(NotPublishedError, match="start without FLOW_NAME"):
        build(load_settings(_env_file=None))
    with pytest.raises(NotPublishedError, match="start without FLOW_NAME"):
        web()  # itself, and not in the children of gunicorn
    ivr("publish", "line.yaml", "-m", "x")
    assert build(load_settings(_env_file=None)).flows.current.name == "line"
    assert "(answers calls)" in ivr("list").out
