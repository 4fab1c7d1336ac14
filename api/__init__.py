"""The doors of Holdfast: HTTP and the command line."""
