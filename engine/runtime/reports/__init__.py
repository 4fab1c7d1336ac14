"""What is read out of the database for people: customers, reasons, experiments, metrics, goals."""
