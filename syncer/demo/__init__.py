"""The embedded sandbox: a local exchange, a local EVM chain and a scripted year."""
