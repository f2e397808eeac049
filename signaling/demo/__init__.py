"""The demo: an agent that works offline, a page, and buttons that break things."""
