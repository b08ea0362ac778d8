"""The agents' console: pages for who works on cases, customers, cash and tasks."""
