"""The lot engine: events in time order in, lots and disposals out. Pure."""
