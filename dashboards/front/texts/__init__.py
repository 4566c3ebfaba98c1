"""Every sentence of the pages, a module for each page."""
