"""Digest authentication (RFC 8760, RFC 7616): challenges, and answers to them. Pure."""
