"""One file per venue, over ccxt's implicit endpoints."""
