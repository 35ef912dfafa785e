"""Losses worth taking, under the lot rule that binds each account. Pure."""
