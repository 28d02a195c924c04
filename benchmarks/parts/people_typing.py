"""What typing does to names: homophones, look-alikes, traditional writing, pinyin, spaces and remarks.

Homophones are the common characters (GB 2312, first level) of the same toneless pinyin, which is what a pinyin
input method offers. The lists of look-alikes and of traditional characters are written here, and not taken from the
library that a matcher may use to fold them.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache
from random import Random

from pypinyin import Style, pinyin

from benchmarks.parts.people_names import ALL_SURNAMES, DOTS, GIVEN, RARE, SPELLINGS

_LOOK_ALIKES = (
    "未末本术 晔烨 己已巳 千干于 士土 王玉主 天夫 大太犬 日曰 人入 刀力 田由甲申 戊戌戍 治冶 冶怡 微徽 博搏 傅博 晴睛 "
    "梅悔海 洋详祥 辉晖挥 辰晨 浩皓 旭地 明朋 鹏鹂 莉利 苹萍 娟涓捐 婷停 佳住 传伟伝 侍待 军车 建健 俊峻浚骏 杨扬 "
    "林休 栋拣 桂挂 枚玫 玲铃 珍诊 琴瑟 瑞端 璐潞 兰三 红江 纪记 维唯惟 雅稚 雪雷 霞霜 静净 颖颍 风凤 鑫淼 "
    "堃坤 喆哲 淼森 垚尧 彬杉 斌赋 强弘 宇字 宁宇 安妥 家冢 宏宠 富福 寿芳 芬芳 英芙 荣菜 莹萤 菊掬 蕾雷 薇微 "
    "丽两 卫工 李季 陈阵 刘浏 赵起 周同 吴昊 徐涂 孙孑 马乌 朱未 胡湖 郭敦 何河 高膏 罗岁 郑邓 谢射 曾会 肖消 "
    "袁哀 蒋将 余佘 叶计 程呈 魏巍 苏办 吕昌 丁于 任仕 沈沉 姜美 崔催 范苑 汪江 石右 金全 付什 邹部 熊态 白自 孟盂 "
    "秦泰 侯候 尹伊 薛藓 段叚 龙尤 史吏 毛手 郝赤 邵绍 万方 覃潭 武斌 戴载 欧殴 莫奠 孔扎 向问 汤场 易昜 乔桥"
)
_TRADITIONAL = (
    "张張刘劉陈陳杨楊赵趙吴吳孙孫马馬罗羅郑鄭谢謝许許韩韓邓鄧冯馮萧蕭叶葉苏蘇吕呂卢盧钟鐘谭譚陆陸贾賈韦韋阎閻邹鄒"
    "闫閆龙龍贺賀顾顧龚龔万萬钱錢严嚴欧歐莫莫汤湯赖賴乔喬单單诸諸华華国國军軍东東红紅爱愛强強卫衛兴興云雲丽麗玲玲"
    "兰蘭凤鳳莲蓮银銀贞貞宝寶荣榮长長发發财財寿壽福福贵貴树樹庆慶启啟义義顺順伟偉杰傑涛濤刚剛辉輝鹏鵬飞飛宁寧"
    "俊俊帅帥亮亮阳陽晓曉泽澤轩軒梓梓辰辰铭銘诺諾远遠书書钧鈞静靜娜娜艳艷娟娟颖穎洁潔蕾蕾萌萌梦夢莹瑩琼瓊语語诗詩"
    "雨雨悦悅怀懷瑶瑤爱愛业業学學维維胜勝跃躍进進总總权權义義连連来來满滿细細闻聞坚堅纪紀继繼绍紹经經绪緒练練乐樂"
    "赟贇驰馳骁驍骏駿谦謙韬韜锟錕铠鎧钊釗隽雋岚嵐峥崢嵘嶸恺愷扬揚晖暉欢歡栋棟桢楨术術邵邵"
)
_POLYPHONES = {
    "单": "shan", "曾": "zeng", "仇": "qiu", "解": "xie", "翟": "zhai", "覃": "qin", "查": "zha", "区": "ou",
    "尉迟": "yuchi", "盖": "ge", "佴": "nai",
}  # fmt: skip
_UNWRITABLE = frozenset("堃喆淼垚燚犇骉翀玥珺琰璟妘婳媖嬿赟彧燊炘烜焱祎禛翙舸芃韫顼颢飏鋆贇") | set(RARE[:12])


@cache
def reading(character: str) -> str:
    """The toneless pinyin of a character."""
    return str(pinyin(character, style=Style.NORMAL)[0][0])


@cache
def _homophones() -> dict[str, str]:
    """Other common characters of the same reading; those of names count three times."""
    common = list(bytes(_level_one()).decode("gb2312"))
    named = {str(c) for c in GIVEN.ravel()} | {c for surname in ALL_SURNAMES for c in str(surname)}
    groups: dict[str, str] = defaultdict(str)
    for character in sorted({*common, *named, *RARE}):
        groups[reading(character)] += character * (3 if character in named else 1)
    return {c: group.replace(c, "") for group in groups.values() for c in set(group)}


def _level_one() -> list[int]:
    """The bytes of the 3,755 characters of GB 2312's first level, in order."""
    return [b for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF if row < 0xD7 else 0xFA) for b in (row, cell)]


@cache
def _look_alikes() -> dict[str, str]:
    """Characters that differ by a stroke or a part."""
    found: dict[str, str] = defaultdict(str)
    for group in _LOOK_ALIKES.split():
        for character in group:
            found[character] += group.replace(character, "")
    return found


@cache
def _traditional() -> dict[int, str]:
    """Simplified characters and how they are written traditionally."""
    pairs = zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True)
    return {ord(simple): other for simple, other in pairs if simple != other}


def _replaced(dice: Random, name: str, others: dict[str, str]) -> str:
    """The name with one of its characters replaced by another of its group; given names twice as often as surnames."""
    places = [i for i, c in enumerate(name) for _ in range(1 if i == 0 else 2) if others.get(c)]
    if not places:
        return name
    at = dice.choice(places)
    return name[:at] + dice.choice(others[name[at]]) + name[at + 1 :]


def homophone(dice: Random, name: str, cut: int) -> str:
    """Another character of the same sound."""
    return _replaced(dice, name, _homophones())


def look_alike(dice: Random, name: str, cut: int) -> str:
    """A character that looks nearly the same."""
    return _replaced(dice, name, _look_alikes())


def traditional(dice: Random, name: str, cut: int) -> str:
    """The traditional way of writing it."""
    return name.translate(_traditional())


def spaced(dice: Random, name: str, cut: int) -> str:
    """A space within, where forms ask for two parts or two-character names are stretched, or at an end."""
    blank = dice.choice((" ", " ", "  ", "\u3000"))
    kind = dice.random()
    if kind < 0.7:
        return name[:cut] + blank + name[cut:]
    return name + blank if kind < 0.9 else blank + name


def pinyin_only(dice: Random, name: str, cut: int) -> str:
    """The name in Latin letters, as in systems that are not of this country."""
    family = _POLYPHONES.get(name[:cut]) or "".join(reading(c) for c in name[:cut])
    given = "".join(reading(c) for c in name[cut:])
    style = dice.randrange(4)
    if style == 0:
        return f"{family} {given}".upper()
    if style == 1:
        return f"{family.title()} {given.title()}"
    return f"{given} {family}".upper() if style == 2 else family + given


def swapped(dice: Random, name: str, cut: int) -> str:
    """The last two characters the other way round."""
    return name[:-2] + name[-1] + name[-2] if len(name) - cut >= 2 else name


def dropped(dice: Random, name: str, cut: int) -> str:
    """A character of the given name lost, or of a single one doubled."""
    if len(name) - cut < 2:
        return name + name[-1]
    at = dice.randrange(cut, len(name))
    return name[:at] + name[at + 1 :]


def unwritable(dice: Random, name: str, cut: int) -> str:
    """A rare character as an old system keeps it: a question mark, its pinyin, or a private code point."""
    places = [i for i, c in enumerate(name) if c in _UNWRITABLE]
    if not places:
        return name
    at = places[0]
    kind = dice.randrange(3)
    instead = "?" if kind == 0 else reading(name[at]) if kind == 1 else chr(0xE000 + ord(name[at]) % 1800)
    return name[:at] + instead + name[at + 1 :]


def may_be_unwritable(name: str) -> bool:
    """Whether an old system would fail to write it."""
    return not _UNWRITABLE.isdisjoint(name)


def has_look_alike(name: str) -> bool:
    """Whether one of its characters is in the list of look-alikes."""
    return not _look_alikes().keys().isdisjoint(name)


def has_traditional(name: str) -> bool:
    """Whether it is written otherwise in traditional characters."""
    return any(ord(c) in _traditional() for c in name)


def remarked(dice: Random, name: str, cut: int) -> str:
    """A remark in the name field."""
    return name + dice.choice(("(男)", "（女）", "*", "1", "(复诊)", "?"))


NAME_ERRORS = {
    "HOMOPHONE": homophone, "LOOK_ALIKE": look_alike, "TRADITIONAL": traditional, "NAME_SPACE": spaced,
    "PINYIN_ONLY": pinyin_only, "SWAPPED_CHARACTERS": swapped, "DROPPED_CHARACTER": dropped,
    "UNWRITABLE_CHARACTER": unwritable, "NAME_REMARK": remarked,
}  # fmt: skip


def minority_variant(dice: Random, name: str) -> str:
    """A name with · in another typing: other dots or none, without the father's name, or cut to a short field."""
    own, _, father = name.partition("·")
    kind = dice.random()
    if kind < 0.72:
        return own + dice.choice(DOTS) + father
    if kind < 0.84:
        return own
    return name[:5] if kind < 0.92 else f"{own} · {father}"


def minority_spelling(dice: Random, name: str) -> str:
    """A name with · in another transliteration."""
    fitting = [pair.split() for pair in SPELLINGS if any(s in name for s in pair.split())]
    if not fitting:
        return name
    one, two = dice.choice(fitting)
    return name.replace(one, two) if one in name else name.replace(two, one)


def foreign_variant(dice: Random, name: str) -> str:
    """A passport's name in another order or case."""
    family, _, given = name.partition(" ")
    return dice.choice((f"{given} {family}", f"{family},{given}", name.title(), family + given, f"{family}/{given}"))
