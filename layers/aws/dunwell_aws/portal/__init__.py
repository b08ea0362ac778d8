"""The customers' portal: pages by area over the core's use cases. ``functions/portal`` puts them together."""
