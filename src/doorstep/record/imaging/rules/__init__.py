"""The rules of imaging: whose a study is, and what may be asked of an archive. Pure."""
