"""Ranking: models that predict a target for a buyer and a product."""
