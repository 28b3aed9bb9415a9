"""Aids that are lent to elders: the stock with every unit, who has what until when, the monthly rent, the deposit."""
