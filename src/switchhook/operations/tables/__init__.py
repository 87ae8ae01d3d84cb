"""Tables of destinations, which answer in place of an endpoint: reads, checks, keeps and looks them up."""
