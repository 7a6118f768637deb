"""HTTP in front of the API: routes, contract checks, spoiled answers, recordings."""
