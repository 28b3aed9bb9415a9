"""The stock: what is bought, labelled, and given its keys before it hangs in a home."""
