"""Persian for synthetic speakers: words as the flows write them, with the pronunciation of Tehran (IPA).

`æ` and `ɒː` are the two open vowels, `ɣ` is both ghain and qaf. "نه" is two words: nine (`noh`) and no (`næ`).
"""

from __future__ import annotations

from dataclasses import replace

from speech.training.voices_arabic import FESTIVAL_VOICES, phrase_of
from speech.training.voices_language import Language, parse_words, with_stress_on

_VOWELS = frozenset(("æ", "ɒː", "e", "o", "i", "u"))


def stressed(phones: tuple[str, ...]) -> tuple[str, ...]:
    """Mark the stress: on the last vowel, where nouns have it."""
    vowels = [i for i, p in enumerate(phones) if p in _VOWELS]
    return with_stress_on(phones, vowels[-1]) if vowels else phones


DIGITS = """
    صفر | s e f r
    یک | j e k
    دو | d o
    سه | s e
    چهار | tʃ æ h ɒː r
    پنج | p æ n dʒ
    شش | ʃ e ʃ
    هفت | h æ f t
    هشت | h æ ʃ t
    نه | n o h
    چار | tʃ ɒː r
    شیش | ʃ i ʃ
"""
YES_NO = """
    بله | b ˈæ l e
    آره | ˈɒː r e
    بلی | b ˈæ l i
    نه | n æ
    خیر | x e j r
    نخیر | n ˈæ x e j r
"""
UNIVERSAL = """
    اپراتور | o p e r ɒː t o r
    کارشناس | k ɒː r ʃ e n ɒː s
    صحبت | s o h b æ t
    تکرار | t e k r ɒː r
    دوباره | d o b ɒː r e
    کنید | k o n i d
    بازگشت | b ɒː z g æ ʃ t
    برگرد | b ˈæ r g æ r d
    قبلی | ɣ æ b l i
    راهنما | r ɒː h n æ m ɒː
    راهنمایی | r ɒː h n æ m ɒː j i
    کمک | k o m æ k
    زبان | z æ b ɒː n
    دیگر | d i g æ r
    تغییر | t æ ɣ j i r
    فارسی | f ɒː r s i
"""
CHOICES = """
    با | b ɒː
    من | m æ n
    تماس | t æ m ɒː s
    بگیرید | b ˈe g i r i d
    زنگ | z æ n g
    بزنید | b ˈe z æ n i d
    می‌مانم | m ˈi m ɒː n æ m
    منتظر | m o n t æ z e r
    صبر | s æ b r
    می‌کنم | m ˈi k o n æ m
    وقت | v æ ɣ t
    زمان | z æ m ɒː n
    اولین | æ v v æ l i n
    فرصت | f o r s æ t
    در | d æ r
    هر | h æ r
    چه | tʃ e
    زودتر | z u d t æ r
    روزهای | r u z h ɒː j e
    ساعت‌های | s ɒː ʔ æ t h ɒː j e
    وقت‌های | v æ ɣ t h ɒː j e
    نیمه | n i m e
    شب | ʃ æ b
    صبح | s o b h
    بعد | b æ ʔ d
    از | æ z
    ظهر | z o h r
    عصر | æ s r
    خوب | x u b
    است | æ s t
    بماند | b ˈe m ɒː n æ d
    لغو | l æ ɣ v
    همین | h æ m i n
    الان | æ l ʔ ɒː n
"""
OTHER = """
    سلام | s æ l ɒː m
    ممنون | m æ m n u n
    لطفا | l o t f æ n
    کتاب | k e t ɒː b
    خانه | x ɒː n e
    شهر | ʃ æ h r
    خیابان | x i j ɒː b ɒː n
    ماشین | m ɒː ʃ i n
    آب | ɒː b
    نان | n ɒː n
    چای | tʃ ɒː j
    قهوه | ɣ æ h v e
    شیر | ʃ i r
    بازار | b ɒː z ɒː r
    مدرسه | m æ d r e s e
    دانشگاه | d ɒː n e ʃ g ɒː h
    معلم | m o ʔ æ l l e m
    پزشک | p e z e ʃ k
    بیمارستان | b i m ɒː r e s t ɒː n
    تلفن | t e l e f o n
    نامه | n ɒː m e
    دوست | d u s t
    برادر | b æ r ɒː d æ r
    خواهر | x ɒː h æ r
    پدر | p e d æ r
    مادر | m ɒː d æ r
    پسر | p e s æ r
    دختر | d o x t æ r
    ماه | m ɒː h
    سال | s ɒː l
    آفتاب | ɒː f t ɒː b
    دریا | d æ r j ɒː
    کوه | k u h
    رود | r u d
    درخت | d e r æ x t
    گل | g o l
    سگ | s æ g
    گربه | g o r b e
    غذا | ɣ æ z ɒː
    ناهار | n ɒː h ɒː r
    بزرگ | b o z o r g
    کوچک | k u tʃ e k
    تازه | t ɒː z e
    قدیمی | ɣ æ d i m i
    زیبا | z i b ɒː
    تند | t o n d
    گرم | g æ r m
    سرد | s æ r d
    قرمز | ɣ e r m e z
    سفید | s e f i d
    سیاه | s i j ɒː h
    سبز | s æ b z
    کار | k ɒː r
    پول | p u l
    حساب | h e s ɒː b
    کارت | k ɒː r t
    نشانی | n e ʃ ɒː n i
    اسم | e s m
    ده | d æ h
    صد | s æ d
    هزار | h e z ɒː r
    شاید | ʃ ɒː j æ d
    کجا | k o dʒ ɒː
    می‌خواهم | m ˈi x ɒː h æ m
"""
HELD_OUT = """
    فرودگاه | f o r u d g ɒː h
    هتل | h o t e l
    بلیت | b e l i t
    باغ | b ɒː ɣ
    موسیقی | m u s i ɣ i
    صندلی | s æ n d æ l i
    پنجره | p æ n dʒ e r e
    عکس | æ k s
    مداد | m e d ɒː d
    راه | r ɒː h
    اتاق | o t ɒː ɣ
    برف | b æ r f
    ماهی | m ɒː h i
    شرکت | ʃ e r k æ t
    پرنده | p æ r æ n d e
"""
PHRASES = (
    *("صحبت با اپراتور", "صحبت با کارشناس", "تکرار کنید", "زبان دیگر", "تغییر زبان", "تماس بگیرید", "زنگ بزنید"),
    *("با من تماس بگیرید", "منتظر می‌مانم", "صبر می‌کنم", "وقت دیگر", "زمان دیگر", "یک وقت دیگر", "اولین فرصت"),
    *("در اولین فرصت", "هر چه زودتر", "روزهای دیگر", "ساعت‌های دیگر", "وقت‌های دیگر", "نیمه شب", "بعد از ظهر"),
    *("خوب است", "تغییر زمان", "لغو کنید", "همین الان"),
)


def language() -> Language:
    """Return the table of Persian."""
    digits, choices = parse_words(DIGITS, stressed), parse_words(CHOICES, stressed)
    asked = parse_words(YES_NO + UNIVERSAL, stressed)
    # "نه" said for no must not take the names of "نه" said for nine.
    asked = tuple(replace(word, tag="no") if word.text == "نه" else word for word in asked)
    words = {word.text: word for word in (*digits, *asked, *choices)}
    return Language(
        code="fa",
        core=(*digits, *asked),
        menu=choices,
        trained=parse_words(OTHER, stressed),
        held_out=parse_words(HELD_OUT, stressed),
        digits=digits,
        phrases=tuple(phrase_of(phrase, words) for phrase in PHRASES),
        natives=("fa",),
        foreign=("ar", "ur", "tr", "hi", "az", "ku", "ru"),
        festival=FESTIVAL_VOICES,
        variants=55,
        foreign_variants=3,
        amounts={"native": (3, 1, 16, 8, 6), "foreign": (3, 1, 12, 6, 5), "festival": (8, 3, 40, 40, 25)},
    )
