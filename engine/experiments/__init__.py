"""Who is treated, who is held out, and which arm of a split a customer takes."""
