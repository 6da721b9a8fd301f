"""The protocol ``emitter.v1``: generated from ``proto/`` by ``make proto``, never edited."""
