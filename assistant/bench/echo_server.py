"""A server of the Model Context Protocol for `assistant bench adapters`, on standard input and
output."""

from __future__ import annotations

from mcp.server import MCPServer
from mcp.types import ToolAnnotations

server = MCPServer("echo")


def echo(text: str = "walnuts") -> str:
    """Say what it is told."""
    return text


server.add_tool(echo, annotations=ToolAnnotations(read_only_hint=True))

if __name__ == "__main__":
    server.run("stdio")
