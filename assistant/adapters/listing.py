"""What an MCP server offers: its tools, prompts and resources, page by page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import Prompt, Resource, Tool

MOST_PAGES = 20
"""Of tools, prompts or resources, as a server lists them."""
_T = TypeVar("_T")


@dataclass(slots=True)
class Listing:
    """What a server lists."""

    tools: list[Tool] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    """Names of tools that it lists, and that nobody could call."""
    prompts: list[Prompt] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)


async def list_all(client: Client, refused: Callable[[Exception], None]) -> Listing:
    """One that cannot list prompts or resources has its tools all the same: `refused` hears why."""
    offers = client.server_capabilities
    tools, unusable = await _tools(client)
    found = Listing(tools, unusable)
    if offers.prompts is not None:
        prompts = _pages(
            lambda cursor: client.list_prompts(cursor=cursor, cache_mode="refresh"),
            lambda page: page.prompts,
        )
        found.prompts = await _if_listed(prompts, refused)
    if offers.resources is not None:
        resources = _pages(
            lambda cursor: client.list_resources(cursor=cursor, cache_mode="refresh"),
            lambda page: page.resources,
        )
        found.resources = await _if_listed(resources, refused)
    return found


async def _if_listed(
    listing: Awaitable[list[_T]], refused: Callable[[Exception], None]
) -> list[_T]:
    from mcp import MCPError
    from pydantic import ValidationError

    try:
        return await listing
    except (MCPError, ValidationError) as error:
        refused(error)
        return []


async def _pages(
    fetch: Callable[[str | None], Awaitable[Any]], items: Callable[[Any], list[_T]]
) -> list[_T]:
    """All that a server lists, page by page."""
    found: list[_T] = []
    cursor = None
    for _ in range(MOST_PAGES):
        page = await fetch(cursor)
        found += items(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def _tools(client: Client) -> tuple[list[Tool], list[str]]:
    """What a server lists, and the names of those that the protocol does not allow. The SDK refuses
    a whole page for one of these; then each is looked at by itself."""
    from pydantic import ValidationError

    try:
        tools: list[Tool] = await _pages(
            lambda cursor: client.list_tools(cursor=cursor, cache_mode="refresh"),
            lambda page: page.tools,
        )
    except ValidationError:
        return await _tools_one_by_one(client)
    return tools, []


async def _tools_one_by_one(client: Client) -> tuple[list[Tool], list[str]]:
    from mcp.types import ListToolsRequest, ListToolsResult, PaginatedRequestParams, Tool
    from pydantic import ValidationError

    # Nothing public of the SDK's gives what a server said before it is validated.
    session = client.session
    tools, unusable = [], []
    cursor = None
    for _ in range(MOST_PAGES):
        request = ListToolsRequest(params=PaginatedRequestParams(cursor=cursor))
        data = request.model_dump(by_alias=True, mode="json", exclude_none=True)
        options: Any = {}
        session._stamp(data, options)
        page = await session._dispatcher.send_raw_request("tools/list", data["params"], options)
        for each in page.get("tools") or []:
            try:
                tools.append(Tool.model_validate(each, by_name=False))
            except ValidationError:
                unusable.append(str(each.get("name")) if isinstance(each, dict) else "?")
        cursor = page.get("nextCursor")
        if cursor is None:
            break
    # So that it knows what their results look like, and does not list them again at each call.
    found = session._absorb_tool_listing(ListToolsResult(tools=tools), complete=True)
    return found.tools, unusable
