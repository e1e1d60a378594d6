"""Client of the Feishu (Lark) Open Platform. Knows nothing of Home Assistant."""
