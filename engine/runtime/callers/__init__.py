"""Who calls: their keys and sessions, how often they may, and who was refused."""
