"""Which frames each layer of the network sees. No dependencies: the card and the exporter need it too.

The splices reach further back than ahead, because what lies ahead must be waited for: 14 frames of 10 ms.
"""

from __future__ import annotations

SUBSAMPLING = 3  # one output for three frames of 10 ms
INPUT_SPLICE = (-2, -1, 0, 1, 2)
# In input frames, multiples of the sub-sampling.
SPLICES = ((-3, 0, 3), (-3, 0, 3), (-6, 0, 3), (-9, 0, 3))
LEFT_CONTEXT = -INPUT_SPLICE[0] - sum(s[0] for s in SPLICES)
RIGHT_CONTEXT = INPUT_SPLICE[-1] + sum(s[-1] for s in SPLICES)
