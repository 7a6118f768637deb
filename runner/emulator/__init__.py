"""A local Checkly API: the other side of the wire, an island that shares nothing with the rest."""
