"""Readers of Form 1099-DA."""
