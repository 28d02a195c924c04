"""WHAT IS DONE TOGETHER: services of the consortium; they never call one another, they speak by events."""
