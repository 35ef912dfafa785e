"""EVM wallets through web3: every movement from logs and from nonce-and-balance bisection."""
