"""Answers of a session to one front end: what takes a while to be looked up or done."""

from __future__ import annotations

from assistant.session.frontend import SessionFrontend
from assistant.session.past_conversations import NAME_CHARACTERS, in_words
from assistant.session.protocol.commands import (
    AskConversations,
    AskMemory,
    ForgetMemories,
    ReadConversation,
    ResumeConversation,
)
from assistant.session.protocol.replies import (
    ConversationListed,
    ConversationRead,
    ConversationsFound,
    ConversationTakenOver,
    ForgetPreview,
    FrontendReply,
    MemoriesForgotten,
    MemoryFound,
)
from assistant.session.transcript_store import TranscriptInfo

MOST_MEMORIES = 500
"""That are told at a time."""
MOST_TURNS = 400
"""Of an earlier conversation, the newest; …"""
MOST_CHARACTERS = 150_000
"""… and what was said in them: at four bytes each it is well below `remote.MAX_WAITING`."""
FIRST_CHARACTERS = 200
"""Of how it began."""
MOST_NAMES = 8
"""Of personas that spoke in one."""

Asked = AskMemory | ForgetMemories | AskConversations | ReadConversation | ResumeConversation


async def answer(asked: Asked, session: SessionFrontend) -> FrontendReply:
    """Do it, and say what came of it. Raises what the session raises, an `AssistantError` where a
    person can do something about it."""
    match asked:
        case AskMemory():
            return await _memory_found(asked, session)
        case ForgetMemories():
            return await _forgotten(asked, session)
        case AskConversations(id=id, words=words):
            found = await session.past.find(words)
            return ConversationsFound(id, [_listed(each) for each in found])
        case ReadConversation():
            return await _read(asked, session)
        case ResumeConversation(id=id, conversation=conversation):
            await session.resume(conversation)
            return ConversationTakenOver(id)


async def _memory_found(asked: AskMemory, session: SessionFrontend) -> MemoryFound:
    memory = session.memory
    if words := asked.words.strip():
        found = [hit.memory for hit in await memory.look_up(words) if hit.memory is not None]
    else:
        found = list((await memory.book()).memories)
    return MemoryFound(asked.id, memory.enabled, memory.private, found[:MOST_MEMORIES])


async def _forgotten(asked: ForgetMemories, session: SessionFrontend) -> FrontendReply:
    memory = session.memory
    preview = await memory.preview(asked.ids)
    if not asked.sure:
        return ForgetPreview(asked.id, preview)
    await memory.forget(preview)
    return MemoriesForgotten(asked.id)


async def _read(asked: ReadConversation, session: SessionFrontend) -> ConversationRead:
    past = await session.past.read(asked.conversation)
    turns = past.last(MOST_TURNS, MOST_CHARACTERS)
    before = len(past.turns) - len(turns)
    return ConversationRead(asked.id, past.info.id, past.when, turns, before)


def _listed(info: TranscriptInfo) -> ConversationListed:
    names = [name[:NAME_CHARACTERS] for name in info.names[:MOST_NAMES]]
    first = info.first
    if len(first) > FIRST_CHARACTERS:
        first = f"{first[:FIRST_CHARACTERS].rstrip()} …"
    return ConversationListed(info.id, in_words(info.began), info.turns, names, first)
