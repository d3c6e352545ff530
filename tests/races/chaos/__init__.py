"""A market of several processes that are killed while a crowd buys: its processes, its goods, its buyers."""
