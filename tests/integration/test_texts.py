"""Text messages go out once at most, on real Redis."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import redis

from ivr.redis_texts import TextLedger
from ivr.texts import Texts
from tests.patience import PATIENCE_S

NUMBER, OFFICE = "+442079460123", "+442079460000"


class HangingCarrier:
    """Answers when it may."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.may_answer = threading.Event()

    def send_text(self, *, to_number: str, from_number: str, text: str) -> str:
        assert (to_number, from_number) == (NUMBER, OFFICE)
        self.asked.append(text)
        assert self.may_answer.wait(PATIENCE_S)
        return "SM1"


def test_two_processes_that_make_the_same_turn_send_one_text(redis_client: redis.Redis) -> None:
    carrier = HangingCarrier()
    carrier.may_answer.set()
    answers: list[bool] = []
    barrier = threading.Barrier(8)
    with ThreadPoolExecutor(8) as executor:
        texts = Texts(carrier, TextLedger(redis_client), executor, from_number=OFFICE)

        def send() -> None:
            barrier.wait()
            answers.append(texts.send("CA1:3:0", NUMBER, "x", wait_s=5))

        threads = [threading.Thread(target=send) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(carrier.asked) == 1
    assert True in answers


def test_a_text_that_was_told_to_have_failed_before_it_was_asked_for_does_not_go_out_later(
    redis_client: redis.Redis,
) -> None:
    carrier = HangingCarrier()
    with ThreadPoolExecutor(1) as executor:
        texts = Texts(carrier, TextLedger(redis_client), executor, from_number=OFFICE)
        assert not texts.send("CA1:3:0", NUMBER, "hangs", wait_s=0.3)
        assert not texts.send("CA2:3:0", NUMBER, "waits behind it", wait_s=0.3)
        carrier.may_answer.set()
    assert carrier.asked == ["hangs"]
    assert texts.send("CA1:3:0", NUMBER, "hangs", wait_s=1), "the carrier took it after all"
    assert not texts.send("CA2:3:0", NUMBER, "waits behind it", wait_s=1)


def test_no_time_and_too_long_a_text_are_not_tried(redis_client: redis.Redis) -> None:
    carrier = HangingCarrier()
    with ThreadPoolExecutor(1) as executor:
        texts = Texts(carrier, TextLedger(redis_client), executor, from_number=OFFICE)
        assert not texts.send("CA1:3:0", NUMBER, "x", wait_s=0.2)
        assert not texts.send("CA1:4:0", NUMBER, "x" * 1601, wait_s=1)
    assert carrier.asked == []
