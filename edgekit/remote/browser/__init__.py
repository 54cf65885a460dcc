"""A browser as a device: a page that this machine serves takes jobs from it, on this machine or on a phone."""
