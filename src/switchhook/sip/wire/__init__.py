"""SIP and SDP on the wire (RFC 3261 §7, §25, RFC 8866): reads and writes messages. Pure."""
