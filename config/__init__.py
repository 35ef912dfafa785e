"""What a person sets and what the law sets. The lowest room: it imports nothing of ours."""

import config.exact as exact  # sets the decimal context before any number is made

__all__ = ["exact"]
