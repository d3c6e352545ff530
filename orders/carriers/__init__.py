"""Who carries parcels, and who tells us where they are."""
