"""One call as one HTML file to send to a colleague: SIP, HTTP and events on one axis of time, without secrets and scripts."""
