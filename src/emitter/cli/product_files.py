"""Files of products: what their words mean."""

from __future__ import annotations

from emitter.trade.templates import Group

GROUP_WORDS = {
    "shoes": Group.SHOES,
    "tobacco": Group.TOBACCO,
    "pharma": Group.PHARMA,
    "tires": Group.TIRES,
    "cameras": Group.CAMERAS,
    "perfumery": Group.PERFUMERY,
    "lp": Group.LIGHT_INDUSTRY,
    "bicycles": Group.BICYCLES,
    "medical": Group.MEDICAL,
    "water": Group.WATER,
    "beer": Group.BEER,
    "milk": Group.MILK,
}
"""The word of each product group on command lines and in files."""
