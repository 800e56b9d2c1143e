"""`/api/v1` for programs: JSON over the same verbs."""
