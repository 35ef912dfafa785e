"""Past and present prices in dollars. What cannot be found is said, never zero."""
