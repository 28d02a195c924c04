"""Where a Chinese name's surname ends (复姓: surnames of two characters), and how it is read. Pure."""

from __future__ import annotations

import re
from typing import Final

_COMPOUND = (
    "欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政 濮阳 公冶 "
    "太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 亓官 司寇 颛孙 漆雕 乐正 谷梁 拓跋 夹谷 "
    "轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌 微生 梁丘 左丘 西门 第五 南荣 即墨 达奚 褚师 纳兰 贺兰 完颜 "
    "耶律 那拉 宿勤 哥舒 仆固 斛律"
)
COMPOUND_SURNAMES: Final = frozenset(_COMPOUND.split())
# Readings that differ from the everyday one when the character is a surname; the first is the common one.
SURNAME_READINGS: Final[dict[str, tuple[str, ...]]] = {
    "单": ("shan",), "曾": ("zeng",), "仇": ("qiu",), "解": ("xie",), "翟": ("zhai",), "覃": ("qin", "tan"),
    "查": ("zha",), "朴": ("piao",), "盖": ("ge", "gai"), "区": ("ou",), "任": ("ren",), "华": ("hua",),
    "燕": ("yan",), "宁": ("ning",), "纪": ("ji",), "缪": ("miao",), "员": ("yun",), "乐": ("yue", "le"),
    "折": ("she",), "黑": ("he",), "秘": ("bi",), "冼": ("xian",), "繁": ("po",), "种": ("chong",), "召": ("shao",),
    "宿": ("su",), "郇": ("xun", "huan"), "郗": ("xi", "chi"), "隗": ("kui", "wei"), "幺": ("yao",), "那": ("na",),
    "能": ("nai",), "祭": ("zhai",), "洗": ("xian",), "葛": ("ge",), "曲": ("qu",), "石": ("shi",),
    "卜": ("bu",), "贾": ("jia",), "盛": ("sheng",), "晟": ("cheng",), "尹": ("yin",), "尉": ("wei",), "车": ("che",),
    "沈": ("shen",), "秦": ("qin",), "薄": ("bo",), "牟": ("mou", "mu"), "佴": ("nai",), "逄": ("pang",),
    "尉迟": ("yu chi",), "万俟": ("mo qi",), "澹台": ("tan tai",), "长孙": ("zhang sun",), "亓官": ("qi guan",),
    "乐正": ("yue zheng",), "鲜于": ("xian yu",), "令狐": ("ling hu",), "宿勤": ("su qin",),
}  # fmt: skip
_HANZI: Final = re.compile("[㐀-鿿豈-﫿〇\U00020000-\U000323af]+")


def parted(name: str) -> tuple[str, str]:
    """Surname and given name of a name that is hanzi throughout; ("", "") for any other, whose parts are not known."""
    text = "".join(name.split())
    if len(text) < 2 or not _HANZI.fullmatch(text):
        return "", ""
    size = 2 if len(text) > 2 and text[:2] in COMPOUND_SURNAMES else 1
    return text[:size], text[size:]
