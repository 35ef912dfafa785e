"""Netting, limits, carryover, the tax itself, Form 8949 rows and Schedule D. Pure."""
