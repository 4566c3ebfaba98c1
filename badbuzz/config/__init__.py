"""Settings, watched brands and the rules of the detector."""
