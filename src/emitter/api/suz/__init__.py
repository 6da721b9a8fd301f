"""The stations' HTTP door: the order station API in the dialects v2 and v3, on the same engine."""
