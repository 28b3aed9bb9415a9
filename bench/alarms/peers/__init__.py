"""Others that hear a broker, set up as their documentation has it; installed on demand under var/, never shipped."""
