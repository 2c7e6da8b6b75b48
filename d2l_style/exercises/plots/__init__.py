"""The parts that the plots of a sweep share."""
