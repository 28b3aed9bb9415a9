"""Where things are: divisions, facilities, streets, coordinates."""
