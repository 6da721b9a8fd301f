"""Symbols and labels as print-ready bytes.

A map of the folder. `symbols` draws marking codes as GS1 DataMatrix pictures: the core makes the
modules in bulk, Pillow the PNG.
"""
