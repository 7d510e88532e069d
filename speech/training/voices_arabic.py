"""Arabic for synthetic speakers: words as the flows write them, with the pronunciation of Modern Standard Arabic (IPA).

The last vowel of a case is not spoken (pausal forms), `sˤ` and its like are emphatic, doubled consonants are long.
"""

from __future__ import annotations

from speech.training.voices_language import Language, Text, Word, parse_words, with_stress_on

_VOWELS = frozenset(("a", "i", "u", "aː", "iː", "uː", "e", "o", "eː", "oː"))


def stressed(phones: tuple[str, ...]) -> tuple[str, ...]:
    """Mark the stress: on a last syllable that is very heavy, else on a heavy second last, else on the third last."""
    vowels = [i for i, p in enumerate(phones) if p in _VOWELS]
    if len(vowels) < 2:
        return with_stress_on(phones, vowels[0]) if vowels else phones
    last, second = vowels[-1], vowels[-2]
    after = len(phones) - 1 - last
    if after >= 2 or (after == 1 and phones[last].endswith("ː")):
        return with_stress_on(phones, last)
    if phones[second].endswith("ː") or last - second > 2 or len(vowels) == 2:
        return with_stress_on(phones, second)
    return with_stress_on(phones, vowels[-3])


DIGITS = """
    صفر | sˤ i f r
    واحد | w aː ħ i d
    اثنين | ʔ i θ n a j n
    ثلاثة | θ a l aː θ a
    أربعة | ʔ a r b a ʕ a
    خمسة | x a m s a
    ستة | s i t t a
    سبعة | s a b ʕ a
    ثمانية | θ a m aː n i j a
    تسعة | t i s ʕ a
    اثنان | ʔ i θ n aː n
"""
YES_NO = """
    نعم | n a ʕ a m
    أجل | ʔ a dʒ a l
    أيوه | ʔ a j w a
    لا | l aː
    كلا | k a l l aː
"""
UNIVERSAL = """
    موظف | m u w a ðˤ ðˤ a f
    موظفة | m u w a ðˤ ðˤ a f a
    شخص | ʃ a x sˤ
    كرر | k a r r i r
    أعد | ʔ a ʕ i d
    مرة | m a r r a
    أخرى | ʔ u x r aː
    رجوع | r u dʒ uː ʕ
    ارجع | ʔ i r dʒ i ʕ
    السابق | ʔ a s s aː b i q
    مساعدة | m u s aː ʕ a d a
    ساعدني | s aː ʕ i d n iː
    لغة | l u ɣ a
    اللغة | ʔ a l l u ɣ a
    عربي | ʕ a r a b iː
"""
CHOICES = """
    التحدث | ʔ a t t a ħ a d d u θ
    مع | m a ʕ a
    تغيير | t a ɣ j iː r
    اتصلوا | ʔ i t t a sˤ i l uː
    اتصل | ʔ i t t a sˤ i l
    بي | b iː
    عاودوا | ʕ aː w i d uː
    الاتصال | ʔ a l i t t i sˤ aː l
    سأنتظر | s a ʔ a n t a ðˤ i r
    انتظر | ʔ i n t a ðˤ i r
    انتظار | ʔ i n t i ðˤ aː r
    وقت | w a q t
    آخر | ʔ aː x a r
    موعد | m a w ʕ i d
    الموعد | ʔ a l m a w ʕ i d
    مواعيد | m a w aː ʕ iː d
    في | f iː
    أقرب | ʔ a q r a b
    ممكن | m u m k i n
    أيام | ʔ a j j aː m
    أوقات | ʔ a w q aː t
    ليلا | l a j l a n
    الليل | ʔ a l l a j l
    صباحا | sˤ a b aː ħ a n
    الصباح | ʔ a sˤ sˤ a b aː ħ
    بعد | b a ʕ d
    الظهر | ʔ a ðˤ ðˤ u h r
    مساء | m a s aː ʔ a n
    المساء | ʔ a l m a s aː ʔ
    إبقاء | ʔ i b q aː ʔ
    كما | k a m aː
    هو | h u w a
    إلغاء | ʔ i l ɣ aː ʔ
    الآن | ʔ a l ʔ aː n
"""
# What people say in `arabic_commands_8k.zip`, by its English label. Digits, yes, no, cancel and previous are above.
COMMANDS = """
    موافق | m u w aː f i q
    التالي | ʔ a t t aː l iː
    ابدأ | ʔ i b d a ʔ
    توقف | t a w a q q a f
    إرسال | ʔ i r s aː l
    استقبال | ʔ i s t i q b aː l
    تسجيل | t a s dʒ iː l
    فتح | f a t ħ
    إغلاق | ʔ i ɣ l aː q
    خيارات | x i j aː r aː t
    إدخال | ʔ i d x aː l
    رقم | r a q m
    اتجاه | ʔ i t t i dʒ aː h
    أعلى | ʔ a ʕ l aː
    أسفل | ʔ a s f a l
    يسار | j a s aː r
    يمين | j a m iː n
    أمام | ʔ a m aː m
    خلف | x a l f
    تدوير | t a d w iː r
    تكبير | t a k b iː r
    تصغير | t a sˤ ɣ iː r
    تحريك | t a ħ r iː k
    تراجع | t a r aː dʒ u ʕ
    تفعيل | t a f ʕ iː l
    تعطيل | t a ʕ tˤ iː l
"""
OTHER = """
    مرحبا | m a r ħ a b a n
    شكرا | ʃ u k r a n
    عفوا | ʕ a f w a n
    كتاب | k i t aː b
    بيت | b a j t
    مدينة | m a d iː n a
    شارع | ʃ aː r i ʕ
    سيارة | s a j j aː r a
    باب | b aː b
    ماء | m aː ʔ
    خبز | x u b z
    قهوة | q a h w a
    شاي | ʃ aː j
    حليب | ħ a l iː b
    سوق | s uː q
    مدرسة | m a d r a s a
    طالب | tˤ aː l i b
    معلم | m u ʕ a l l i m
    طبيب | tˤ a b iː b
    مستشفى | m u s t a ʃ f aː
    هاتف | h aː t i f
    رسالة | r i s aː l a
    صديق | sˤ a d iː q
    أخت | ʔ u x t
    ولد | w a l a d
    بنت | b i n t
    رجل | r a dʒ u l
    شهر | ʃ a h r
    سنة | s a n a
    أسبوع | ʔ u s b uː ʕ
    شمس | ʃ a m s
    قمر | q a m a r
    بحر | b a ħ r
    جبل | dʒ a b a l
    نهر | n a h r
    شجرة | ʃ a dʒ a r a
    كلب | k a l b
    قطة | q i tˤ tˤ a
    طعام | tˤ a ʕ aː m
    غداء | ɣ a d aː ʔ
    كبير | k a b iː r
    صغير | sˤ a ɣ iː r
    جديد | dʒ a d iː d
    قديم | q a d iː m
    جميل | dʒ a m iː l
    سريع | s a r iː ʕ
    بارد | b aː r i d
    أحمر | ʔ a ħ m a r
    أبيض | ʔ a b j a dˤ
    أسود | ʔ a s w a d
    أخضر | ʔ a x dˤ a r
    عمل | ʕ a m a l
    مال | m aː l
    حساب | ħ i s aː b
    فاتورة | f aː t uː r a
    بطاقة | b i tˤ aː q a
    عنوان | ʕ u n w aː n
    اسم | ʔ i s m
    مئة | m i ʔ a
    ألف | ʔ a l f
    ربما | r u b b a m aː
    ماذا | m aː ð aː
    أين | ʔ a j n a
    أريد | ʔ u r iː d
"""
HELD_OUT = """
    مطار | m a tˤ aː r
    فندق | f u n d u q
    تذكرة | t a ð k i r a
    حديقة | ħ a d iː q a
    موسيقى | m uː s iː q aː
    كرسي | k u r s iː
    نافذة | n aː f i ð a
    صورة | sˤ uː r a
    قلم | q a l a m
    طريق | tˤ a r iː q
    غرفة | ɣ u r f a
    ثلج | θ a l dʒ
    سمك | s a m a k
    جامعة | dʒ aː m i ʕ a
    شركة | ʃ a r i k a
"""
PHRASES = (
    *("مرة أخرى", "لغة أخرى", "تغيير اللغة", "التحدث مع موظف", "اتصلوا بي", "اتصل بي", "عاودوا الاتصال", "وقت آخر"),
    *("موعد آخر", "أقرب وقت", "في أقرب وقت", "في أقرب وقت ممكن", "أيام أخرى", "أوقات أخرى", "مواعيد أخرى"),
    *("في الليل", "في الصباح", "بعد الظهر", "في المساء", "كما هو", "تغيير الموعد", "إلغاء الاتصال", "التحدث الآن"),
)


def language() -> Language:
    """Return the table of Arabic."""
    digits, commands = parse_words(DIGITS, stressed), parse_words(COMMANDS, stressed)
    asked = tuple(w for table in (YES_NO, UNIVERSAL, CHOICES) for w in parse_words(table, stressed))
    words = {word.text: word for word in asked}
    return Language(
        code="ar",
        core=asked,
        menu=(*digits, *commands),
        trained=parse_words(OTHER, stressed),
        held_out=parse_words(HELD_OUT, stressed),
        digits=digits,
        phrases=tuple(phrase_of(phrase, words) for phrase in PHRASES),
        string_lengths=(3, 3, 4, 5),
        natives=("ar",),
        foreign=("fa", "ur", "ms", "tr", "hi", "de"),
        festival=FESTIVAL_VOICES,
        variants=28,
        foreign_variants=2,
        amounts={"native": (2, 1, 20, 5, 8), "foreign": (2, 1, 16, 3, 4), "festival": (4, 1, 40, 20, 20)},
    )


def phrase_of(phrase: str, words: dict[str, Word]) -> Text:
    """Split a phrase into words of the vocabulary; raises KeyError for another one."""
    return tuple(words[word] for word in phrase.split())


FESTIVAL_VOICES = (
    *("italian_lp", "italian_pc", "czech_dita", "czech_krb", "czech_machac", "czech_ph", "suopuhe_lj", "suopuhe_mv"),
    *("hindi_nsk", "russian", "catalan_ona"),
)
