"""Symbols and labels as print-ready bytes.

A map of the folder. `symbols` draws marking codes as GS1 DataMatrix pictures, in bulk. `designs`
reads label designs, `layout` places a template's symbols on them in whole dots, and `zpl`, `pdf`
and `picture` draw the labels; `render` is the door to all of it for a block of codes.
"""
