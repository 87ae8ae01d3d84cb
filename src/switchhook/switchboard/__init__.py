"""The one live loop: receives events, steps the engine, commits the record, carries out commands."""
