"""Commands for who builds an endpoint: a receiver, events to try it with, and a look at what is around."""
