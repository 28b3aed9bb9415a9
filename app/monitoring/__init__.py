"""Meaning: rules as data that turn readings into alarms, vitals kept and drawn, and handed on as FHIR."""
