"""What a person may do, one function per act."""
