"""Rules, vitals and what is handed on of them."""
