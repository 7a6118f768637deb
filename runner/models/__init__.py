"""Values that travel between the parts: profile, request, answers, records, events. No I/O."""
