"""How the late-payment model is made, beside what it is."""
