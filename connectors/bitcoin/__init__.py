"""Bitcoin addresses and extended public keys, read from an Esplora server."""
