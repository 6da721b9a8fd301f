"""The font of labels: PT Sans by ParaType, which has Cyrillic and the Kazakh letters.

``PTSans-Regular.ttf`` is unmodified, under the SIL Open Font License 1.1 (``PTSans-LICENSE.txt``).
"""

from __future__ import annotations

from pathlib import Path

FONT_NAME = "PTSans"
FONT_FILE = Path(__file__).with_name("PTSans-Regular.ttf")
