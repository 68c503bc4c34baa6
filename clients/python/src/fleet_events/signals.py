"""Which exceptions are not the logger's to swallow."""

from __future__ import annotations

from types import FrameType


def is_not_ours(error: BaseException) -> bool:
    """Whether the error came from outside: the program is to end, or a signal handler raised it.

    One does that to end a request after its time. It is told by the frames that the error went
    through: a handler is called with the frame that it interrupted, which is also the one that its
    own frame goes back to.
    """
    if not isinstance(error, Exception):
        return True
    traceback = error.__traceback__
    while traceback:
        if _is_handler(traceback.tb_frame):
            return True
        traceback = traceback.tb_next
    return False


def _is_handler(frame: FrameType) -> bool:
    interrupted = frame.f_back
    if interrupted is None:
        return False
    for value in frame.f_locals.values():
        if value is interrupted:
            return True
        # What `*arguments` takes, as in the wrapper of a decorator.
        if type(value) is tuple and any(item is interrupted for item in value):
            return True
    return False
