"""CBS StatLine: downloads over OData, page by page, with a manifest of what was got."""
