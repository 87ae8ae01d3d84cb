"""SIP as a protocol, without sockets but in its endpoint."""
