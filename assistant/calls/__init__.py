"""Tool calls as text: how models write them down, found in a stream. Runs nothing."""
