"""How the shipped models were made; nothing here is needed to run the gateway."""
