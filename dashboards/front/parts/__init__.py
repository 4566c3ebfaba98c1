"""Charts, tables and layout that pages share."""
