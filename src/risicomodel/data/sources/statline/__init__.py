"""CBS StatLine: a downloader that fills an archive with whole tables, over OData v3."""
