"""One module per dialect of webhook."""
