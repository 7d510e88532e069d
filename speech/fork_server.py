"""The process that loads the models once and forks the recogniser children, which share its memory.

It speaks over its standard input, a socket (`speech.protocol`), and ends when that does, with whatever children it has.
Linux copies a page for a child when one of the two writes to it, so that a model, which nobody writes to, is in memory
once. A fork takes milliseconds, where loading takes up to seconds: that is why a child that died is soon replaced.

Forking is safe in a process of one thread alone. One that has more serves a child's socket itself.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn, Protocol

import msgspec

from speech.protocol import (
    LENGTH_BYTES,
    MAX_FRAME_BYTES,
    Exited,
    Fork,
    Forked,
    Loaded,
    Reply,
    Request,
    fork_decoder,
    frame,
    request_decoder,
)

# What waits in a socket's buffer is read at once.
READ_BYTES: Final = 64 * 1024
# Source: ours. A hundredth of what a caller would notice.
HOLD_S: Final = 0.004


class Work(Protocol):
    """What a child does with requests; made anew for each child, from what was loaded once."""

    def answer(self, request: Request) -> Reply | None:
        """Do what is asked; a request that fails costs its stream and no other."""


class Loader(Protocol):
    """What there is to load; `cost` is what a second of audio takes, in seconds."""

    cost: float

    def work(self) -> Work:
        """What one child needs."""


def run(load: Callable[[], Loader]) -> None:
    """Be the fork server on the standard input, or one of its children; returns when it is over."""
    # Ctrl-C in a terminal goes to the whole group, and so does a service manager's SIGTERM: the parent decides when we
    # stop, by closing our sockets, after what is on its way has been delivered.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    control = socket.socket(fileno=os.dup(0))
    # No child may hold the socket open when we are gone; and whatever a library prints belongs to the errors.
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        _serve(load(), control)


def can_fork() -> bool:
    """Whether this process has one thread alone, as the system counts, and not Python."""
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        return False


def _serve(loader: Loader, control: socket.socket) -> None:
    forks = can_fork()
    # What the collector never looks at again is not copied for its sake.
    gc.collect()
    gc.freeze()
    control.sendall(frame(Loaded(forks, loader.cost)))
    woken = _wake_on_exits()
    children: set[int] = set()
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(woken, selectors.EVENT_READ)
        try:
            while True:
                ready = {key.fileobj for key, _ in selector.select()}
                if woken in ready:
                    woken.recv(READ_BYTES)
                    _tell_exits(children, control)
                if control not in ready:
                    continue
                # One request is on its way at a time, so that a message and its socket come together.
                data, sockets, _, _ = socket.recv_fds(control, READ_BYTES, 1)
                if not sockets:
                    return
                with socket.socket(fileno=sockets[0]) as theirs:
                    request = fork_decoder.decode(data[LENGTH_BYTES:])
                    if not forks:
                        control.sendall(frame(Forked(os.getpid())))
                        _be_child(loader, theirs, request)
                    pid = os.fork()
                    if pid == 0:
                        for mine in (control, woken):
                            mine.close()
                        _be_child(loader, theirs, request)
                    children.add(pid)
                control.sendall(frame(Forked(pid)))
        finally:
            # A child that hangs would not notice that nobody is there any more.
            for pid in children:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


def _wake_on_exits() -> socket.socket:
    """A socket that becomes readable when a child has ended."""
    woken, waker = socket.socketpair()
    for end in (woken, waker):
        end.setblocking(False)
    signal.set_wakeup_fd(waker.detach(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return woken


def _tell_exits(children: set[int], control: socket.socket) -> None:
    for pid in list(children):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            children.discard(pid)
            control.sendall(frame(Exited(pid, os.waitstatus_to_exitcode(status))))


def _be_child(loader: Loader, theirs: socket.socket, request: Fork) -> NoReturn:
    """Serve the socket to its end; never returns to what the fork server does."""
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if request.room_bytes:
            limit_memory(request.room_bytes)
        serve(loader.work(), theirs)
        status = 0
    except (BrokenPipeError, ConnectionResetError):
        status = 0  # the parent is gone; so nobody is left to tell
    except BaseException:
        traceback.print_exc()
    finally:
        # Not the interpreter's own end: what it would tidy up is the fork server's.
        sys.stderr.flush()
        os._exit(status)


def limit_memory(room_bytes: int) -> None:
    """Let this process grow by so much, and no further; without effect where the system does not tell sizes."""
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + room_bytes, resource.RLIM_INFINITY))
    except (ImportError, OSError, ValueError):
        return


def serve(work: Work, theirs: socket.socket) -> None:
    """Answer requests until they end.

    Answers are held for a moment while there is more to do: to wake the parent for each costs more than to read it.
    """
    read, replies, held_since_s = bytearray(), bytearray(), 0.0
    while True:
        request = take_request(read)
        if request is None:
            if replies:
                theirs.sendall(replies)
                replies.clear()
            data = theirs.recv(READ_BYTES)
            if not data:
                return
            read += data
            continue
        reply = work.answer(request)
        if reply is None:
            continue
        if not replies:
            held_since_s = time.monotonic()
        replies += frame(reply)
        if time.monotonic() - held_since_s > HOLD_S:
            theirs.sendall(replies)
            replies.clear()


def take_request(read: bytearray) -> Request | None:
    """Take the first request out of what was read; None where it is not whole yet.

    Raises `ValueError` where the other side speaks something else.
    """
    length = int.from_bytes(read[:LENGTH_BYTES], "big")
    if length > MAX_FRAME_BYTES:
        raise ValueError(f"a frame of {length} bytes")
    end = LENGTH_BYTES + length
    if len(read) < max(end, LENGTH_BYTES + 1):
        return None
    try:
        request: Request = request_decoder.decode(read[LENGTH_BYTES:end])
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from error
    del read[:end]
    return request
