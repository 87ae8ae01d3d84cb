"""The operations of a user, one function per act."""
