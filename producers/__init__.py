"""Producers: publish tweets to Kafka, numbered and with heartbeats."""
