"""Home Assistant over MQTT: topics, messages, discovery, the connection, and the logic between them."""
