"""Why a resident's record may be read: relations of care, consents, and break-glass."""
