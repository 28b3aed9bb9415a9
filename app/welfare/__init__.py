"""Welfare visits (巡访): who is looked after how often, who goes, and what was found is followed to its end."""
