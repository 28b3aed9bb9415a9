"""Files that people fill in: read, checked by the cell, applied as a whole, undone. A feature brings its columns."""
