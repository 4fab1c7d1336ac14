"""What people do through the doors, each in one transaction that says who it was."""
