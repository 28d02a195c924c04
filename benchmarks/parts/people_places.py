"""Addresses of the made-up residents: where a household lives and lived, and the ways an address is written."""

from __future__ import annotations

import numpy as np

from benchmarks.parts.people_names import Ints
from benchmarks.parts.people_numbers import DISTRICTS
from benchmarks.parts.people_rates import rate
from doorstep.site.demo.places import ESTATES

# District, street, community, estate, block, unit, room; now, and at two places before.
Rooms = np.ndarray[tuple[int, int, int], np.dtype[np.int64]]
Room = tuple[int, ...]
STYLES = 6
STREETS, COMMUNITIES, WITHIN = 8, 6, 5
_DISTRICT_SHARES = np.array((9, 12, 17, 12, 17, 8, 11, 8, 6)) / 100
_WORDS = (
    "桂花 银杏 望月 观沙 咸嘉 麓景 天顶 东岸 荷花 马坡 文艺 定王 韭菜 浏河 朝阳 五里 火星 马王 高桥 左家 侯家 圭塘 "
    "同升 井湾 黎托 洞井 跳马 雨敞 金盆 青园 桃源 先锋 大托 裕南 赤岭 坡子 城南 新开 芙蓉 清水 沙坪 捞刀 秀峰 四方 "
    "洪山 月湖 湘雅 通泰 望麓 新河 东风 伍家 茶亭 乔口 靖港 铜官 丁字 白箬 黄花 金井 春华 果园 高桥 路口 开慧 安沙"
)
_FRONT = (
    "阳光 金色 锦绣 华盛 恒泰 湘江 麓山 秋月 碧水 翡翠 紫金 枫林 梅溪 星城 春晓 云栖 万和 绿野 天健 润和 "
    "汇景 长风 福安 佳园"
)
_BACK = "小区 花园 家园 公馆 新城 华府 名邸 雅苑 一期 二期 国际 世家 豪庭 山庄"
WORDS, FRONT, BACK = _WORDS.split(), _FRONT.split(), _BACK.split()
_CHINESE = dict(zip("123456789", "一二三四五六七八九", strict=True))


def _anywhere(rng: np.random.Generator, district: Ints) -> Rooms:
    """A home in each of the districts given, as one column of places."""
    highest = (STREETS, COMMUNITIES, WITHIN, 18, 3)
    parts = [rng.integers(0, h, len(district)) for h in highest]
    room = rng.integers(1, 19, len(district)) * 100 + rng.integers(1, 5, len(district))
    return np.stack([district, *parts, room], axis=1)[:, None, :]


def rooms(rng: np.random.Generator, count: int) -> Rooms:
    """Where each of so many households lives, and two places where it, or some of it, lived before."""
    here = rng.choice(len(DISTRICTS), count, p=_DISTRICT_SHARES)
    before = [
        np.where(rng.random(count) < rate("MOVED_WITHIN_DISTRICT"), here, rng.choice(len(DISTRICTS), count))
        for _ in range(2)
    ]
    return np.concatenate([_anywhere(rng, d) for d in (here, *before)], axis=1)


def _estate(place: int) -> str:
    """The name of an estate; a few names are found in more than one district, as in life."""
    if place % 9 == 0:
        return ESTATES[place // 9 % len(ESTATES)]
    return FRONT[place * 7 % len(FRONT)] + BACK[place * 11 // 3 % len(BACK)]


def _names() -> list[tuple[str, str, str, str]]:
    """District, street or town, community or village, and estate or group, for every estate there is."""
    found = []
    for d, (district, _, _, rural) in enumerate(DISTRICTS):
        for s in range(STREETS):
            street = WORDS[(d * STREETS + s) % len(WORDS)]
            country = rural and s >= 3
            for c in range(COMMUNITIES):
                community = WORDS[(d * 17 + s * 7 + c * 5 + 3) % len(WORDS)] + ("村" if country else "社区")
                for e in range(WITHIN):
                    number = ((d * STREETS + s) * COMMUNITIES + c) * WITHIN + e
                    estate = f"{WORDS[number * 13 % len(WORDS)][:1]}家组" if country else _estate(number)
                    found.append((district, street + ("镇" if country else "街道"), community, estate))
    return found


NAMES = _names()


def _inner(style: int, estate: str, block: int, unit: int, room: int) -> str:
    """The part from the estate on."""
    if estate.endswith("组"):
        number = block * 12 + unit * 4 + room % 4
        return f"{estate}{number}号" if style != 2 else f"{estate} {number}"
    if style == 1:
        return f"{estate}{block}栋{unit}单元{room}"
    if style == 2:
        return f"{estate}{block}-{unit}-{room}"
    if style == 4:
        return f"{estate}{block}号楼{unit}门{room}号"
    return f"{estate}{block}幢{unit}单元{room}室"


def line(style: int, home: Room) -> str:
    """An address in one of six styles, from the whole to what a village clerk writes down."""
    d, s, c, e, block, unit, room = home
    district, street, community, estate = NAMES[((d * STREETS + s) * COMMUNITIES + c) * WITHIN + e]
    inner = _inner(style, estate, block + 1, unit + 1, room)
    if style == 0:
        return f"湖南省长沙市{district}{street}{community}{inner}"
    if style == 1:
        return f"长沙市{district}{street}{inner}"
    if style == 2:
        return f"{district}{inner}"
    if style == 3:
        return f"{community}{inner}"
    if style == 4:
        return f"湖南长沙{district}{WORDS[(d * 5 + s) % len(WORDS)]}路{c * 40 + e * 8 + 1}号{inner}"
    return f"湖南省长沙市{district}{street}{community}"


def in_chinese(text: str) -> str:
    """Block and unit in Chinese numerals: 3幢2单元 becomes 三幢二单元."""
    for mark in ("幢", "栋", "单元"):
        at = text.find(mark) - 1
        if at > 0 and text[at] in _CHINESE and not text[at - 1].isdigit():
            text = text[:at] + _CHINESE[text[at]] + text[at + 1 :]
    return text
