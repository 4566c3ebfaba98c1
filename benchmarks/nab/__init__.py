"""The Numenta Anomaly Benchmark's series of Twitter mentions: a guard against regressions."""
