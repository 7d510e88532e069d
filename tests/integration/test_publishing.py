"""Publishing on real Redis: nothing half-done, nothing lost, whoever publishes at once with whom.

That nothing is published without its proof is shown in `test_flow_commands`.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from structlog.testing import capture_logs

from flows.problems import FlowError
from ivr import publishing
from ivr.publishing import Published
from ivr.redis_client import connect
from ivr.redis_flows import FlowStore, PublishedFlow
from ivr.redis_publications import NotPublishedError, OvertakenError, Publication, Publications
from ivr.redis_server import PrivateRedis
from tests.small_flow import line_yaml

AT = dt.datetime(2026, 11, 23, 10, tzinfo=dt.UTC)
FLOW = line_yaml("PROMPT")
Publish = Callable[..., Published]
pytestmark = pytest.mark.usefixtures("unproved")


@pytest.fixture
def publications(redis_client: redis.Redis) -> Publications:
    return Publications(redis_client)


@pytest.fixture
def publish(publications: Publications, tmp_path: Path) -> Publish:
    """Publish the flow with a prompt, or a whole text."""

    def do(prompt: str = "", *, text: str | None = None, by: str = "desk", onto: str | None = None) -> Published:
        file = tmp_path / f"{threading.get_ident()}.yaml"
        file.write_text(FLOW.replace("PROMPT", prompt) if text is None else text)
        return publishing.publish(publications, file, folder=tmp_path, message=f"say {prompt}", by=by, at=AT, onto=onto)

    return do


def rollback(publications: Publications, to: str | None = None) -> str:
    return publishing.rollback(publications, name="line", to=to, message="back", by="till", at=AT).flow.revision


def test_what_is_published_is_current_and_its_yaml_and_history_are_kept(
    publications: Publications, publish: Publish
) -> None:
    first, second = publish("One.").flow, publish("Two.").flow
    assert publications.heads() == {"line": second.revision}
    assert publications.current("line") == second
    assert publications.source("line", first.revision) == FLOW.replace("PROMPT", "One.").encode()
    assert [(entry.revision, entry.based_on, entry.kind, entry.by) for entry in publications.history("line")] == [
        (first.revision, None, "publish", "desk"),
        (second.revision, first.revision, "publish", "desk"),
    ]


def test_the_same_again_changes_nothing(publications: Publications, publish: Publish) -> None:
    publish("One.")
    assert publish("One.").publication is None
    assert len(publications.history("line")) == 1


@pytest.mark.parametrize("text", ["", "zerohold: 1\n", FLOW.replace("next: bye", "next: by"), "a: [", "\x00"])
def test_a_bad_file_never_takes_the_place_of_a_good_one(
    publications: Publications, publish: Publish, redis_client: redis.Redis, text: str
) -> None:
    good = publish("One.").flow
    before = {key: redis_client.dump(key) for key in redis_client.scan_iter()}
    with pytest.raises(FlowError) as raised:
        publish(text=text)
    assert raised.value.problems
    assert {key: redis_client.dump(key) for key in redis_client.scan_iter()} == before
    assert publications.current("line") == good


def test_of_two_who_publish_at_once_one_wins_and_the_other_is_told_by_whom_and_may_publish_onto_it(
    redis_server: PrivateRedis, publications: Publications, tmp_path: Path
) -> None:
    clients = [connect(redis_server.url) for _ in range(2)]
    for number in range(50):
        together = threading.Barrier(2)
        ended: dict[str, Published | OvertakenError] = {}

        def one(by: str, client: redis.Redis, number: int = number, together: threading.Barrier = together) -> None:
            file = tmp_path / f"{by}.yaml"
            file.write_text(FLOW.replace("PROMPT", f"{by} {number}"))
            mine = Publications(client)
            heads = mine.heads()
            mine.heads = lambda: heads  # type: ignore[method-assign]  # both have looked before either publishes
            together.wait()
            try:
                ended[by] = publishing.publish(mine, file, folder=tmp_path, message=f"number {number}", by=by, at=AT)  # noqa: B023
            except OvertakenError as error:
                ended[by] = error  # noqa: B023

        threads = [
            threading.Thread(target=one, args=(by, client))
            for by, client in zip(("desk", "till"), clients, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (winner,) = [by for by, end in ended.items() if isinstance(end, Published)]
        (loser,) = [by for by, end in ended.items() if isinstance(end, OvertakenError)]
        told, done = ended[loser], ended[winner]
        assert isinstance(told, OvertakenError)
        assert isinstance(done, Published)
        assert [(entry.by, entry.revision, entry.message) for entry in told.since] == [
            (winner, done.flow.revision, f"number {number}")
        ]
        assert publications.current_revision("line") == told.current == done.flow.revision
        again = publishing.publish(
            publications,
            tmp_path / f"{loser}.yaml",
            folder=tmp_path,
            message="again",
            by=loser,
            at=AT,
            onto=told.current,
        )
        assert publications.current("line") == again.flow
    assert len(publications.history("line")) == 100
    based = [entry.based_on for entry in publications.history("line")]
    assert based == [None, *[entry.revision for entry in publications.history("line")][:-1]]
    for client in clients:
        client.close()


def test_two_who_publish_the_same_at_once_are_both_content(publications: Publications, publish: Publish) -> None:
    publish("One.")
    stale = dict(publications.heads())
    publish("Two.", by="till")
    publications.heads = lambda: stale  # type: ignore[method-assign]
    assert publish("Two.").publication is None


def test_publishing_onto_a_revision_that_is_not_current_is_refused(publish: Publish) -> None:
    first = publish("One.").flow.revision
    publish("Two.", by="till")
    publish("Three.", by="till")
    with pytest.raises(OvertakenError) as raised:
        publish("Four.", onto=first[:6])
    assert [entry.message for entry in raised.value.since] == ["say Two.", "say Three."]


def test_a_commit_that_arrives_twice_counts_once(publications: Publications, publish: Publish) -> None:
    """The reply to the first arrival was lost, and the client sent it again."""
    flow = publish("One.").flow
    entry = publications.history("line")[0]
    publications.commit(entry, flow, FLOW.replace("PROMPT", "One.").encode())
    assert publications.history("line") == [entry]


def test_rolling_back_again_and_again_goes_further_back_and_the_history_keeps_it_all(
    publications: Publications, publish: Publish
) -> None:
    one, two, three = (publish(prompt).flow.revision for prompt in ("One.", "Two.", "Three."))
    assert [rollback(publications), rollback(publications)] == [two, one]
    with pytest.raises(NotPublishedError, match="nothing to go back to"):
        rollback(publications)
    assert rollback(publications, three[:5]) == three
    history = publications.history("line")
    assert [entry.revision for entry in history] == [one, two, three, two, one, three]
    assert [entry.kind for entry in history] == ["publish"] * 3 + ["rollback"] * 3
    current = publications.current("line")
    assert current is not None
    assert current.revision == three


def test_a_rollback_to_another_flows_revision_or_an_unknown_one_is_refused(
    publications: Publications, publish: Publish
) -> None:
    publish("One.")
    other = publish(text=FLOW.replace("name: line", "name: other")).flow.revision
    with pytest.raises(NotPublishedError, match='of "other", not of "line"'):
        rollback(publications, other)
    with pytest.raises(NotPublishedError, match="no revision"):
        rollback(publications, "ffff0000")


def test_the_beginning_of_a_revision_must_mean_one(publications: Publications, redis_client: redis.Redis) -> None:
    redis_client.sadd("zh:flows", "line")
    redis_client.hset("zh:flow:{line}:sources", mapping={"abcd11110000": "x", "abcd22220000": "y"})
    assert publications.find("abcd1") == ("line", "abcd11110000")
    with pytest.raises(NotPublishedError, match="abcd11110000, abcd22220000"):
        publications.find("abcd")


def test_a_publication_is_noticed_by_the_next_call_and_a_call_keeps_its_own(
    publications: Publications, publish: Publish, redis_client: redis.Redis
) -> None:
    first = publish("One.").flow
    processes = [FlowStore(redis_client, PublishedFlow(publications, "line")) for _ in range(2)]
    assert [process.for_new_call() for process in processes] == [first, first]
    second = publish("Two.").flow
    assert [process.for_new_call() for process in processes] == [second, second]
    fresh = FlowStore(redis_client, PublishedFlow(publications, "line"))
    assert fresh.of_revision(first.revision) == first


def test_a_new_call_keeps_its_flow_for_two_days_and_the_next_one_renews_them(
    publications: Publications, publish: Publish, redis_client: redis.Redis
) -> None:
    revision = publish("One.").flow.revision
    store = FlowStore(redis_client, PublishedFlow(publications, "line"))
    store.for_new_call()
    redis_client.expire(f"zh:flow:{revision}", 60)
    store.for_new_call()
    left_s = redis_client.ttl(f"zh:flow:{revision}")
    assert isinstance(left_s, int)
    assert 2 * 24 * 3600 - 60 < left_s <= 2 * 24 * 3600


def test_after_a_flush_running_processes_keep_the_last_flow_say_so_once_and_a_new_one_says_what_to_do(
    publications: Publications, publish: Publish, redis_client: redis.Redis
) -> None:
    first = publish("One.").flow
    store = FlowStore(redis_client, PublishedFlow(publications, "line"))
    redis_client.flushall()
    with capture_logs() as logged:
        assert [store.for_new_call(), store.for_new_call()] == [first, first]
    assert [record["log_level"] for record in logged] == ["error"]
    with pytest.raises(NotPublishedError, match="ivr flow publish"):
        PublishedFlow(publications, "line")
    second = publish("Two.").flow
    assert store.for_new_call() == second


def test_json_of_another_version_is_read_from_the_yaml_instead(
    publications: Publications, publish: Publish, redis_client: redis.Redis
) -> None:
    flow = publish("One.").flow
    redis_client.hset("zh:flow:{line}:current", "flow", '{"words": "of a later version"}')
    assert PublishedFlow(publications, "line").last == flow


def test_what_cannot_be_read_at_all_leaves_the_last_flow_and_is_said_once(
    publications: Publications, publish: Publish, redis_client: redis.Redis
) -> None:
    flow = publish("One.").flow
    source = PublishedFlow(publications, "line")
    redis_client.hset("zh:flow:{line}:current", mapping={"revision": "ffffffffffff", "flow": "{}"})
    redis_client.hset("zh:flow:{line}:sources", "ffffffffffff", "zerohold: 99\n")
    with capture_logs() as logged:
        assert [source.latest(), source.latest()] == [flow, flow]
    assert [record["event"] for record in logged if record["log_level"] == "error"] == [
        "published flow not usable; the last one stays"
    ]


def test_without_redis_the_last_known_flow_is_shown(publish: Publish, publications: Publications) -> None:
    flow = publish("One.").flow
    dead = connect("redis://127.0.0.1:1/0")
    store = FlowStore(dead, PublishedFlow(publications, "line"))
    publications._redis = dead
    assert store.current == flow
    with pytest.raises(redis.RedisError):
        store.for_new_call()


def test_an_entry_of_the_history_reads_as_it_was_written(publications: Publications, publish: Publish) -> None:
    done = publish("One.").publication
    assert isinstance(done, Publication)
    assert publications.history("line") == [done]
    assert done.at == AT
