"""Who will pay late, why, and which kind of payer a customer is."""
