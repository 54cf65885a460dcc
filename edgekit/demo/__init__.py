"""The whole job on photos that are made up here, for a newcomer and for a fresh machine."""
