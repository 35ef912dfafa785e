"""Entries to events: grouped, named by rules, transfers matched, legs valued. All pure."""
