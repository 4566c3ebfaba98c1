"""The error analysis: wrong labels and false alarms that people reported."""
