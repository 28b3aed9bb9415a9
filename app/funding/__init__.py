"""Who pays: programmes, monthly entitlements and the ledger."""
