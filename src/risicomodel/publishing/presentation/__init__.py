"""How figures look and what they are called: languages, texts, templates, charts and maps."""
