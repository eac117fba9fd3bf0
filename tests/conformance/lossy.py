"""A network that loses answers: the request arrives and has its effect, the reply never comes back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.harness.network import Answer, Lost, Request, network


def losing_answers(target: str, lost: Callable[[str], bool]) -> AbstractContextManager[str]:
    """The address of a way to `target` on which the answer to each `lost` request (`POST /path body`, `DELETE /path `)
    disappears."""

    def cross(request: Request, forward: Callable[[], Answer]) -> Answer:
        answer = forward()
        if lost(f"{request.method} {request.path} {request.body.decode()}"):
            raise Lost
        return answer

    return network(target, cross)
