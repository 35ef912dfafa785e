"""Syncer: trades and wallets in, tax lots, harvest, reconciliation and papers out."""
