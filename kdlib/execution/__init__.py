"""Running tests with changed sources: jobs, the sandbox and the warm pool that answers them."""
