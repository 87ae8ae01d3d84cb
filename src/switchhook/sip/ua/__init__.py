"""The user agent (RFC 3261 §8, §12-§15): dialogs, sessions, registrations. Pure."""
