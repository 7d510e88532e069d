"""Persian words, as flows write them, and their pronunciations. No person said any of them in the recordings."""

from __future__ import annotations

from typing import Final

CORE: Final[dict[str, tuple[str, ...]]] = {
    "صفر": ("S EH F R",),
    "یک": ("Y EH K",),
    "دو": ("D OW",),
    "سه": ("S EH",),
    "چهار": ("CH AE HH AA R",),
    "چار": ("CH AA R",),
    "پنج": ("P AE N JH",),
    "شش": ("SH EH SH",),
    "شیش": ("SH IY SH",),
    "هفت": ("HH AE F T",),
    "هشت": ("HH AE SH T",),
    # Nine and no are written alike.
    "نه": ("N OW HH", "N AE"),
    "بله": ("B AE L EH",),
    "آره": ("AA R EH",),
    "خیر": ("X EY R",),
    "نخیر": ("N AE X EY R",),
    "اپراتور": ("OW P EH R AA T OW R",),
}
MENU: Final[dict[str, tuple[str, ...]]] = {
    "بلی": ("B AE L IY",),
    "کارشناس": ("K AA R SH EH N AA S",),
    "تکرار": ("T EH K R AA R",),
    "دوباره": ("D OW B AA R EH",),
    "بازگشت": ("B AA Z G AE SH T",),
    "برگرد": ("B AE R G AE R D",),
    "قبلی": ("GH AE B L IY",),
    "راهنما": ("R AA HH N AE M AA",),
    "راهنمایی": ("R AA HH N AE M AA Y IY",),
    "کمک": ("K OW M AE K",),
    "تغییر": ("T AE GH Y IY R",),
    "لغو": ("L AE GH V",),
    "الان": ("AE L AA N",),
    "صبح": ("S OW B HH",),
    "عصر": ("AE S R",),
    "شب": ("SH AE B",),
    "فارسی": ("F AA R S IY",),
    "نوبت": ("N OW B AE T",),
    "سفارش": ("S EH F AA R EH SH",),
    "پزشک": ("P EH Z EH SH K",),
    "پرستار": ("P AE R AE S T AA R",),
    "پذیرش": ("P AE Z IY R EH SH",),
    "پیام": ("P AE Y AA M",),
    "شکایت": ("SH EH K AA Y AE T",),
    "هزینه": ("HH AE Z IY N EH",),
    "زمان": ("Z AE M AA N",),
    "ساعت": ("S AA AE T",),
    "روز": ("R UW Z",),
    "دیگر": ("D IY G AE R",),
}
LABELS: Final[dict[str, str]] = {word: word for word in (*CORE, *MENU)}
# Phones of this language that no word above has.
MORE_PHONES: Final[tuple[str, ...]] = ("ZH", "Q", "GS")
