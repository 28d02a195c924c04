"""Relations within a family (GB/T 4761-2008, two digits) and the ethnic groups (GB/T 3304-1991)."""

from __future__ import annotations

from collections.abc import Mapping


def _(text: str) -> str:
    return text


HEAD = "02"
RELATIONS: Mapping[str, str] = {
    "02": _("户主"),
    "10": _("配偶"),
    "11": _("丈夫"),
    "12": _("妻子"),
    "20": _("儿子"),
    "30": _("女儿"),
    "40": _("孙子女或外孙子女"),
    "50": _("父母、公婆或岳父母"),
    "51": _("父亲"),
    "52": _("母亲"),
    "60": _("祖父母或外祖父母"),
    "70": _("兄弟姐妹"),
    "97": _("其他亲属"),
    "99": _("非亲属"),
}
# What sources say in HL7's words.
_SPOKEN: Mapping[str, str] = {
    "FTH": "51", "MTH": "52", "father": "51", "mother": "52", "SPS": "10", "HUSB": "11", "WIFE": "12", "SON": "20",
    "DAU": "30", "SIB": "70", "BRO": "70", "SIS": "70", "GRPRN": "60", "PRN": "50",
}  # fmt: skip
_GROUPS = (
    "汉族 蒙古族 回族 藏族 维吾尔族 苗族 彝族 壮族 布依族 朝鲜族 满族 侗族 瑶族 白族 土家族 哈尼族 哈萨克族 傣族 "
    "黎族 傈僳族 佤族 畲族 高山族 拉祜族 水族 东乡族 纳西族 景颇族 柯尔克孜族 土族 达斡尔族 仫佬族 羌族 布朗族 "
    "撒拉族 毛南族 仡佬族 锡伯族 阿昌族 普米族 塔吉克族 怒族 乌孜别克族 俄罗斯族 鄂温克族 德昂族 保安族 裕固族 "
    "京族 塔塔尔族 独龙族 鄂伦春族 赫哲族 门巴族 珞巴族 基诺族"
)
_GROUPS_IN_ENGLISH = (
    "Han Mongol Hui Tibetan Uyghur Miao Yi Zhuang Bouyei Korean Manchu Dong Yao Bai Tujia Hani Kazakh Dai Li Lisu "
    "Wa She Gaoshan Lahu Shui Dongxiang Naxi Jingpo Kyrgyz Tu Daur Mulao Qiang Blang Salar Maonan Gelao Xibe "
    "Achang Pumi Tajik Nu Uzbek Russian Evenki De'ang Bonan Yugur Gin Tatar Derung Oroqen Hezhen Monba Lhoba Jino"
)
ETHNIC_GROUPS = tuple(_GROUPS.split())
ETHNIC_GROUPS_IN_ENGLISH = tuple(_GROUPS_IN_ENGLISH.split())


FATHER, MOTHER = "51", "52"


def standard(code: str) -> str:
    """A relation in GB/T 4761's code, where it is said in HL7's words; others as they are."""
    return _SPOKEN.get(code, code)


def relation(code: str) -> str:
    """The words of a relation code, the nearest group where the code is finer than the list; else the code."""
    code = standard(code)
    return RELATIONS.get(code) or RELATIONS.get(f"{code[:1]}0") or code


def ethnic_group(code: str, *, english: bool = False) -> str:
    """The name of an ethnic group by its code 01 to 56; empty where unknown."""
    at = int(code) if code.isascii() and code.isdigit() else 0
    known = ETHNIC_GROUPS_IN_ENGLISH if english else ETHNIC_GROUPS
    return known[at - 1] if 0 < at <= len(known) else ""
