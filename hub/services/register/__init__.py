"""The register of contacts as a whole: duplicates, merging, tags, import and export."""
