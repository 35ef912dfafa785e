"""Alembic's folder: it ships in the wheel and runs at start."""
