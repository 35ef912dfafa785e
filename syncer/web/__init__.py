"""What a browser or a watchman sees of the service."""
