"""What is worth saying, once: the state of each opening, and an outbox."""
