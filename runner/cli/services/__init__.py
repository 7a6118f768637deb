"""What commands are composed of: configuration, state, client, console."""
