"""The parts of ssync-node, which puts nginx and the pool of ssync-worker in the place of a node's replication server."""
