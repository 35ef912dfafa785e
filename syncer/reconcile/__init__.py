"""Form 1099-DA lines against our disposals: matched, or named. Pure."""
