"""Adapters: tools of other programs by the Model Context Protocol (MCP), and coding agents by the
Agent Client Protocol (ACP)."""
