"""Made-up bank lines with known answers: what the matching is fitted on, and measured on."""
