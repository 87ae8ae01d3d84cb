"""Everything of SIP and RTP that touches a socket or a clock."""
