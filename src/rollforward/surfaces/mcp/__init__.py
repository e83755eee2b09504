"""MCP: the book as read-only tools for programs that ask in words. Needs the extra `mcp`."""
