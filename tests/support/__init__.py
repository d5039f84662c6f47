"""What tests share: made-up tables, small runs, servers. No tests live here."""
