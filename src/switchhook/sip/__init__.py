"""SIP and RTP as protocols; only net/ touches a socket."""
