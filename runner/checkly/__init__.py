"""The client of Checkly's API: requests, retries, rate limit."""
