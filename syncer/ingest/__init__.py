"""Pulls one source exactly once, and proves it against what the source reports to hold."""
