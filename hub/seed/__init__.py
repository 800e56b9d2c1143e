"""The demo company of `fernamt seed`: invented people, companies and letters, the same ones every time."""
