"""How well calls for help are answered: four clocks, promises, load, and how many must sit at the desk."""
