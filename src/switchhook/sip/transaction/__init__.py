"""The transaction layer (RFC 3261 §17, §18): retransmissions, overload, and who may speak. Pure."""
