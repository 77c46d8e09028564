"""The texts of the encoder's goldens: 1,000, in six languages, and the odd ones.

The sentences are ours, put together from word lists; the English prompts of the first group come
from PartiPrompts (Apache-2.0), taken at even distances.
"""
import json
import random

WORDS = {
    "en": (["a red fox", "an old lighthouse keeper", "two dancers", "the tiny robot", "a baker's cat",
            "three paper boats", "a knight in rusted armour", "the librarian", "a glass frog", "an astronaut"],
           ["in deep snow", "under a street lamp", "beside the harbour", "on a cloudy hill", "at the edge of a desert",
            "inside a greenhouse", "between tall towers", "on the night train"],
           ["watercolour", "film grain, 35mm", "isometric pixel art", "thick oil paint", "ink sketch", "soft morning light"]),
    "de": (["ein roter Fuchs", "der alte Leuchtturmwärter", "zwei Tänzerinnen", "ein kleiner Roboter", "die Katze des Bäckers",
            "drei Papierschiffchen", "ein Ritter in rostiger Rüstung", "die Bibliothekarin", "ein gläserner Frosch", "größere Vögel"],
           ["im tiefen Schnee", "unter einer Straßenlaterne", "neben dem Hafen", "auf einem wolkigen Hügel", "am Rand der Wüste",
            "im Gewächshaus", "zwischen hohen Türmen", "im Nachtzug"],
           ["Aquarell", "körniger Film, 35 mm", "isometrische Pixelgrafik", "dicke Ölfarbe", "Tuschezeichnung", "weiches Morgenlicht"]),
    "es": (["un zorro rojo", "el viejo farero", "dos bailarinas", "un robot pequeñito", "la gata del panadero",
            "tres barquitos de papel", "un caballero con armadura oxidada", "la bibliotecaria", "una rana de cristal", "un niño con paraguas"],
           ["en la nieve profunda", "bajo una farola", "junto al puerto", "en una colina nublada", "al borde del desierto",
            "dentro de un invernadero", "entre torres altas", "en el tren nocturno"],
           ["acuarela", "película con grano, 35 mm", "arte de píxeles isométrico", "óleo espeso", "boceto a tinta", "luz suave de la mañana"]),
    "pt": (["uma raposa vermelha", "o velho faroleiro", "duas dançarinas", "um robô pequenino", "a gata do padeiro",
            "três barquinhos de papel", "um cavaleiro de armadura enferrujada", "a bibliotecária", "uma rã de vidro", "um coração de pão"],
           ["na neve funda", "sob um poste de luz", "ao lado do porto", "numa colina nublada", "à beira do deserto",
            "dentro de uma estufa", "entre torres altas", "no trem noturno"],
           ["aquarela", "filme granulado, 35 mm", "arte em pixels isométrica", "tinta a óleo grossa", "esboço a nanquim", "luz suave da manhã"]),
    "zh": (["一只红色的狐狸", "年老的灯塔看守人", "两位舞者", "小小的机器人", "面包师的猫", "三只纸船", "穿着生锈盔甲的骑士",
            "图书管理员", "玻璃青蛙", "宇航员"],
           ["在深雪中", "在路灯下", "在港口旁边", "在多云的山丘上", "在沙漠边缘", "在温室里", "在高塔之间", "在夜行列车上"],
           ["水彩画", "胶片颗粒，35毫米", "等距像素艺术", "厚涂油画", "水墨速写", "柔和的晨光"]),
    "ja": (["赤いキツネ", "年老いた灯台守", "二人の踊り子", "小さなロボット", "パン屋の猫", "三つの紙の船", "錆びた鎧の騎士",
            "図書館の司書", "ガラスのカエル", "宇宙飛行士"],
           ["深い雪の中で", "街灯の下で", "港のそばで", "曇った丘の上で", "砂漠の端で", "温室の中で", "高い塔の間で", "夜行列車の中で"],
           ["水彩画", "フィルムの粒子、35ミリ", "等角投影のドット絵", "厚塗りの油絵", "墨のスケッチ", "やわらかな朝の光"]),
}
JOINS = {"zh": "，", "ja": "、"}

ODD = [
    "", " ", "   \t  ", "\n", "\u3000", "\u00a0\u2003", "\u200b", "\x01\x02\x1f", "\x7f", "\ufeff", "\u00ad", "a", ".", "1", "▁", "▁▁ ▁",
    "🦊", "🦊🌨️", "a 🦊 in the ❄️", "👨‍👩‍👧‍👦 family photo", "🇯🇵 🇩🇪", "👍🏽👍", "🏳️‍🌈", "(╯°□°)╯︵ ┻━┻", "¯\\_(ツ)_/¯", "→ ⇒ ∀x∈ℝ: x² ≥ 0",
    "ＦＵＬＬ　ＷＩＤＴＨ　ｔｅｘｔ　１２３", "ｶﾀｶﾅ ﾊﾝｶｸ ｶﾞｷﾞｸﾞ", "①②③ ⑩ Ⅳ ⅷ", "ﬁne ﬂour ﬃ", "½ cup, ¼ tsp, 10⁻³", "㎏ ㎡ ㍿ ㌔", "№ 5 ™ ® ©", "ℌ𝔢𝔩𝔩𝔬 𝓦𝓸𝓻𝓵𝓭 𝟙𝟚𝟛",
    "cafe\u0301 nai\u0308ve", "café naïve", "Z̷a̸l̶g̵o̴", "e\u0301\u0302\u0303\u0304", "\u0301 alone", "İstanbul ılık IĞDIR", "Straße STRASSE ẞ",
    "ﷺ", "العربية نص قصير", "עברית טקסט", "Привет, мир! Лиса в снегу", "Καλημέρα κόσμε", "สวัสดีชาวโลก", "नमस्ते दुनिया", "안녕하세요 세계", "各", "가각",
    "Tiếng Việt có dấu", "ქართული", "አማርኛ", "中文 and English 混合 テスト mixed", "東京タワーsunset夕焼け", "C++20, C#, F♯ & x86_64",
    "3.14159 2,718 1e-9 0xFF 192.168.0.1", "2026-11-23T04:30:00Z", "00000000000000000000", "12345678901234567890", "v1.5 sd_xl-turbo@0.9",
    "(masterpiece:1.2), [blurry|sharp:0.5], <lora:ink:0.8>", "{{{{}}}}", "<s> </s> <unk> <pad>", "extra_token_id_1", "[CLS] [SEP] [MASK] [UNK] [PAD]",
    "a\tb\nc\r\nd", "a  b   c    d", " leading", "trailing ", " both ", "a\u00a0b\u2009c\u3000d", "zero\u200bwidth\u200djoin\ufeffer", "nul\x00byte",
    "soft\u00adhyphen", "\u2028line\u2029para", "\u202eright to left\u202c", "bell\x07 back\x08", "\x85next line", "\ufffd", "\ufffe", "\U0010ffff", "\ue000 private",
    "𠮷野家", "𓀀𓁐", "🀄︎", "\U000e0067tag", "don't can't won't I'm", "rock-and-roll/hip-hop", "...", "?!?!", "----", "“quotes” ‘single’ „unten“ «guillemets»",
    "supercalifragilisticexpialidocious", "Donaudampfschifffahrtsgesellschaftskapitän", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "x" * 101, "x" * 100, "ab" * 150, "字" * 80, "🦊" * 40, "a " * 300, "the quick brown fox " * 60, "ha" * 16 + "!" * 20,
    "QWERTY asdf ZXCV", "iPhone15ProMax", "snake_case camelCase kebab-case", "http://example.org/a?b=c&d=%20", "user@example.org", "#hashtag @mention",
    "H₂O CO₂ E=mc²", "♥ ♦ ♣ ♠ ★ ☆", "♪♫ la la", "✓ ✗ ☑", "°C °F µm Ω Å", "€5 £3 ¥100 ₿1", "Ĳssel ǅ ŉ", "ſhort s", "ά vs ά", "Å Å Å",
]


def long_text(rng, language):
    subjects, places, styles = WORDS[language]
    join = JOINS.get(language, ", ")
    text = join.join(rng.choice(part) for _ in range(9) for part in (subjects, places, styles))
    return " ".join(text.split(" ")[:64])


def golden_texts(parti_path, count=1000):
    rng = random.Random(3)
    with open(parti_path, encoding="utf-8") as file:
        parti = [json.loads(line)["prompt"] for line in file]
    texts = list(ODD)
    for language, (subjects, places, styles) in WORDS.items():
        join = JOINS.get(language, ", ")
        texts += subjects + places + styles  # short, like the keywords of a prompt
        chosen = set()
        while len(chosen) < 70:
            chosen.add(rng.choice(subjects) + ("" if language in JOINS else " ") + rng.choice(places) + join + rng.choice(styles))
        texts += sorted(chosen)
        texts += [long_text(rng, language) for _ in range(16)]
    rest = count - len(texts)
    texts += [parti[i * len(parti) // rest] for i in range(rest)]
    return texts
