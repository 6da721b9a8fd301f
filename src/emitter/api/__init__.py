"""The doors of the engine: messages in, messages out; no rule of the trade is decided here."""
