"""Clinics, their sessions and places, appointments, waiting lists and queues."""
