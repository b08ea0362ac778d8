"""What helps an agent decide: the worklist, and what is known about a case. It reads across capabilities and changes
nothing."""
