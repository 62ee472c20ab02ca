"""All that runs in a tool's process; `requests` is what both sides may import."""
