"""Slow work as rows: asked for, carried out by a worker, watched by a screen, stopped by hand."""
