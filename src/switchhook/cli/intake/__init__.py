"""Commands that bring in what happened elsewhere: calls, visits to the website, facts of calls."""
