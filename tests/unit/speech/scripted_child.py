"""A recogniser child without a recogniser: it does what the first phrase of a stream says."""

from __future__ import annotations

import sys
import time

from speech.protocol import Close, Done, Failed, Feed, Finish, Open, Partial, Prepare, Ready, Reset, Result, frame
from speech.recognition import Hypothesis, Word
from speech.vosk_child import read_request


def main() -> None:
    out = sys.stdout.buffer

    def send(message: Ready | Done | Partial | Failed | Result) -> None:
        out.write(frame(message))
        out.flush()

    send(Ready())
    orders: dict[int, str] = {}
    while (request := read_request(sys.stdin.buffer)) is not None:
        if isinstance(request, Open | Reset):
            orders[request.stream] = request.phrases[0] if request.phrases else ""
            send(Done(request.stream))
        elif isinstance(request, Prepare):
            continue
        elif isinstance(request, Close):
            orders.pop(request.stream)
        elif isinstance(request, Finish):
            send(Result(request.stream, [Hypothesis((Word(orders[request.stream], 1.0, 0, 300),), 0.0)]))
        elif isinstance(request, Feed):
            order = orders[request.stream]
            if order == "die":
                sys.exit(9)
            elif order == "hang":
                time.sleep(60)
            elif order == "babble":
                out.write(b"\xff\xff\xff\xff")
                out.flush()
            elif order == "fail":
                send(Failed(request.stream, "as told"))
            else:
                send(Partial(request.stream, [order], (-20.0,)))


if __name__ == "__main__":
    main()
