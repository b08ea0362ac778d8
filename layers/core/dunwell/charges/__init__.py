"""Late fees and interest: what a policy or a statute lets the creditor add to an overdue invoice."""
