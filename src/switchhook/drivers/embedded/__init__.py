"""The built-in SIP engine as a telephone side."""
