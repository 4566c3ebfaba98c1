"""What people look at: the API, and what stands before it."""
