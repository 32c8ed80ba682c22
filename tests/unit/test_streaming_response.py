"""Sent while it is made; ended when the client leaves, however that shows."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
from starlette.types import Message, Scope

from deployments.api.streaming import FragmentResponse, StreamCut
from talkhead.errors import RenderingFailed
from talkhead.types import Fragment

SCOPE: Scope = {"type": "http"}


class Session:
    """Fragments for ever, one a millisecond; closing takes a while and must not be cut short."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.made, self.fail_at, self.tidied = 0, fail_at, False

    async def fragments(self) -> AsyncGenerator[Fragment, None]:
        try:
            while True:
                await asyncio.sleep(0.001)
                if self.made == self.fail_at:
                    raise RenderingFailed("no replica answered")
                self.made += 1
                yield Fragment(b"x", self.made, 1)
        finally:
            await asyncio.sleep(0.02)
            self.tidied = True


async def response_of(session: Session) -> FragmentResponse:
    """As the API makes it: the first fragment is there."""
    rest = session.fragments()
    return FragmentResponse(await anext(rest), rest, {})


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_client_that_leaves_ends_the_session() -> None:
    session, sent, left = Session(), [], asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 5:
            left.set()

    await (await response_of(session))(SCOPE, receive, send)
    assert session.tidied
    assert session.made <= 6


async def test_a_client_that_does_not_read_is_not_served() -> None:
    session, left = Session(), asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def stuck(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    response = asyncio.create_task((await response_of(session))(SCOPE, receive, stuck))
    await asyncio.sleep(0.05)
    assert session.made == 1
    left.set()
    await response
    assert session.tidied


async def test_a_server_that_cancels_ends_the_session() -> None:
    session = Session()

    async def send(message: Message) -> None:
        await asyncio.sleep(0)

    response = asyncio.create_task((await response_of(session))(SCOPE, never, send))
    await asyncio.sleep(0.02)
    response.cancel()
    with pytest.raises(asyncio.CancelledError):
        await response
    assert session.tidied


async def test_a_server_that_tells_and_cancels_and_cancels_again() -> None:
    """Serve does so: the disconnect is told, and the request is cancelled while we tidy up."""
    session, left = Session(), asyncio.Event()

    async def receive() -> Message:
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        await asyncio.sleep(0)

    response = asyncio.create_task((await response_of(session))(SCOPE, receive, send))
    await asyncio.sleep(0.01)
    left.set()
    for _ in range(4):
        await asyncio.sleep(0.002)
        response.cancel()
    with pytest.raises(asyncio.CancelledError):
        await response
    assert session.tidied


async def test_an_error_on_the_way_cuts_the_stream() -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    with pytest.raises(StreamCut):
        await (await response_of(Session(fail_at=2)))(SCOPE, never, send)
    assert [message.get("more_body") for message in sent] == [None, True, True]
