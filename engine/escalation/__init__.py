"""Cases that climb a ladder of people, on the clock of a business calendar."""
