"""The whole loop on the local stack, from a file to a paid invoice and a case waiting for an agent."""
