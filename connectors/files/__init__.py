"""Readers of files that a person has: rows become raw records, kept like those of a venue."""
