"""Cash application: which invoices a bank line pays, how sure that is, and why."""
