"""Everything that talks to the outside or reads its files. Nothing in here knows tax."""
