"""What every test run has: the listener that knows which rows of the behaviour table are claimed."""

pytest_plugins = ("tests.conformance.plugin",)
