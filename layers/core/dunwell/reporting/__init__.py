"""Reports for finance: what they measure and how they are laid out."""
