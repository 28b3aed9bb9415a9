"""What an elder is able to do: assessed by two people, by one national scale, and what follows from it."""
