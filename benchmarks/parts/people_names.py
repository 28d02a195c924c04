"""Names of the made-up residents: characters by cohort, names written with ·, foreigners, and newborns.

Surnames and the common characters are the demo's. The share of a character falls with its place in the demo's list,
and some characters come from a list of rarer ones, which is what old systems cannot write.
"""

from __future__ import annotations

from random import Random

import numpy as np

from benchmarks.parts.people_rates import rate
from doorstep.site.demo.names import _GIVEN, _SINGLE, _SURNAME_LIST, _SURNAME_SUMS, _UYGHUR

Texts = np.ndarray[tuple[int], np.dtype[np.str_]]
Ints = np.ndarray[tuple[int], np.dtype[np.int64]]
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]

SEXES = ("male", "female")
SURNAMES = np.array(_SURNAME_LIST)
_SURNAME_SHARES = np.diff(np.array((0, *_SURNAME_SUMS))) / _SURNAME_SUMS[-1]
# What is not among the top 100 or so: each of these is rare, together they are the rest of the population.
_TAIL = (
    "牛樊殷施鲁葛洪倪章安颜詹尤涂柯焦申路童盛甘辛管祝柳骆梅庞柏佟连芦车鲍宫游包柴凌阮邢纪翁骆耿岳齐伍聂关左谷岑"
    "季温卜艾裴席卫瞿冷费窦戚迟惠娄兰苗屈代年靳蓝殷丛封褚边阎饶佘房隋米滕苑闵巩牟桑佴晏臧宗隗植明蒲敖"
)
TAIL = np.array(sorted(set(_TAIL) - set(_SURNAME_LIST)))
# Nine tenths of the rest, for the demo's list has some of the rarer surnames itself: the top 100 come out at 86.0 %.
_TAIL_SHARE = 0.9 * (1 - rate("SURNAMES"))
ALL_SURNAMES = np.concatenate([SURNAMES, TAIL])
_ALL_SHARES = np.concatenate([_SURNAME_SHARES * (1 - _TAIL_SHARE), np.full(len(TAIL), _TAIL_SHARE / len(TAIL))])
_ALL_SUMS = np.cumsum(_ALL_SHARES)

RARE = (
    "堃喆淼垚燚犇骉晔烨翀昶旻玥珺琰琬璟妘婳嫣媖嬿赟霈霁霖昕曦骁骐骏鸾鹃麒麟彧弈燊炘烜焱煊熠珩珏琮瑄璋祎祺禛稷"
    "筱筠箐箬绮纾缃翎翙聿舸芃芫苒茗茜荃莞菁葳蓓蔚薷藜蘅虔衍诠谌谦贇轶迪郅鋆钊铎铠锟镕闳陟隽雎韬韫顼颢飏馥驰"
    "岚岑峥嵘嵩崧巍帛廷弛彪忻怀恺悠惟愉戈扬抒拓攸敬旭昀昇昱晗晟晖暄朗本术末未权柠柯栋树桓桢棋棠楠榕樱欢"
)
_WIDTH = 50


def _ranked(characters: str) -> Texts:
    """The distinct characters, filled up from the rare ones to one width."""
    distinct = list(dict.fromkeys(characters))[:_WIDTH]
    return np.array(distinct + [c for c in RARE if c not in distinct][: _WIDTH - len(distinct)])


GIVEN = np.array([[_ranked(_GIVEN[sex, fashion]) for fashion in range(4)] for sex in SEXES])
_PLACE_SUMS = np.cumsum(1 / (np.arange(_WIDTH) + 25.0))
_PLACE_SUMS /= _PLACE_SUMS[-1]
SINGLE = np.array(_SINGLE)

_MINORITY = {
    "male": "阿布都热合曼 阿卜力孜 阿迪力 艾力 艾尼瓦尔 艾斯卡尔 巴哈尔 巴拉提 达吾提 迪里夏提 尔肯 哈力克 哈斯木 "
    "吉力力 喀斯木 卡米力 克里木 拉合曼 马木提 麦麦提 木合塔尔 木拉提 纳斯尔 努尔麦麦提 努尔买买提 帕尔哈提 热西提 "
    "肉孜 如则 萨比尔 赛买提 沙吾提 塔西 铁木尔 托合提 吐尼亚孜 图尔荪 乌斯曼 西尔艾力 牙生 伊力哈木 伊布拉音 亚力坤 "
    "玉山 祖农 叶尔兰 阿依登 巴合提 加尔恒 努尔兰 沙依兰 波拉提 叶斯波力 赛力克 别克 江布尔",
    "female": "阿依夏木 阿依努尔 阿瓦古丽 阿孜古丽 巴哈尔古丽 布合丽切 布威海丽切姆 迪丽拜尔 菲热 古扎丽努尔 "
    "古丽巴哈尔 古丽仙 海丽切姆 海日古丽 吉米兰 坎拜尔妮萨 玛丽亚姆 麦尔耶姆 米热古丽 米日班 努尔比亚 努尔古丽 "
    "帕丽达 帕孜莱提 热孜万古丽 热娜 茹克亚 萨拉麦提 赛丽曼 沙尼亚 莎车古丽 苏比努尔 塔吉古丽 吐逊古丽 图尔荪古丽 "
    "乌仁 夏依旦 谢依达 约日古丽 再娜甫 再努尔 祖热 阿依波塔 古丽江 加依娜 玛依拉 努尔扎提 沙吾列 叶尔克 巴丽江",
}
MINORITY = {sex: (names + " " + _UYGHUR[sex]).split() for sex, names in _MINORITY.items()}
# One name, as different clerks write it; the first is found in names and the others take its place, or the reverse.
SPELLINGS = (
    "买买提 麦麦提", "艾合买提 艾合麦提", "阿不都 阿布都", "阿布都 阿卜杜", "吐尔逊 图尔荪", "玉素甫 玉苏甫",
    "热合曼 热合满", "依明 伊敏", "克里木 克力木", "艾力 阿力", "迪丽 迪里", "古丽 姑丽", "努尔 奴尔", "托合提 托乎提",
    "木拉提 穆拉提", "阿依 阿衣", "伊布拉音 依布拉音", "热西提 热希提",
)  # fmt: skip
DOTS = ("•", "・", ".", "‧", "．", "。", " ", "", "-", "●")

_ABROAD_FAMILY = (
    "SMITH JOHNSON BROWN TAYLOR WILSON MARTIN KIM PARK LEE CHOI TANAKA SATO SUZUKI YAMAMOTO NGUYEN TRAN LE PHAM KUMAR "
    "SINGH SHARMA KHAN AHMED ALI HASSAN IBRAHIM MULLER SCHMIDT WEBER DUBOIS MOREAU ROSSI FERRARI GARCIA LOPEZ SILVA "
    "SANTOS IVANOV PETROV SMIRNOV POPOV OKAFOR MENSAH DIALLO MWANGI PHIRI BANDA COHEN NOVAK KOWALSKI"
)
_ABROAD_GIVEN = {
    "male": "JAMES JOHN ROBERT MICHAEL DAVID THOMAS MINHO JIHOON HIROSHI KENJI TAKASHI VAN MINH RAHUL AMIT IMRAN OMAR "
    "YUSUF LUKAS JAN PIERRE MARCO JOSE LUIS IVAN SERGEI DMITRI KWAME MOUSSA PETER DANIEL PAUL",
    "female": "MARY ANNA LINDA EMMA SARAH LAURA JIWON MINJI YUKI AKIKO NAOMI THI LAN PRIYA ANITA FATIMA AISHA LENA "
    "KLARA MARIE GIULIA MARIA ANA ELENA OLGA NATALIA AMA GRACE RUTH HANNAH JULIA SOFIA",
}
ABROAD_FAMILY = _ABROAD_FAMILY.split()
ABROAD_GIVEN = {sex: given.split() for sex, given in _ABROAD_GIVEN.items()}

_NEWBORN = {
    ("male", 0): ("{}之子",) * 6 + ("{}子", "{}之婴", "{}毛毛", "{}之男", "{}宝宝"),
    ("female", 0): ("{}之女",) * 6 + ("{}女", "{}之婴", "{}毛毛", "{}宝宝"),
    ("male", 1): ("{}之大子", "{}之长子", "{}之子大", "{}大毛", "{}之子A"),
    ("male", 2): ("{}之二子", "{}之次子", "{}之子小", "{}二毛", "{}之子B"),
    ("female", 1): ("{}之大女", "{}之长女", "{}之女大", "{}大毛", "{}之女A"),
    ("female", 2): ("{}之二女", "{}之次女", "{}之女小", "{}二毛", "{}之女B"),
}


def surnames(rng: np.random.Generator, count: int) -> Ints:
    """Places in `ALL_SURNAMES`, by share."""
    return np.minimum(np.searchsorted(_ALL_SUMS, rng.random(count)), len(ALL_SURNAMES) - 1)


def given_characters(rng: np.random.Generator, female: Flags, fashion: Ints) -> Texts:
    """One character of a given name for each person."""
    place = np.searchsorted(_PLACE_SUMS, rng.random(len(fashion)))
    common = GIVEN[female.astype(np.int64), fashion, place]
    rare = np.array(list(RARE))[rng.integers(0, len(RARE), len(fashion))]
    return np.where(rng.random(len(fashion)) < rate("RARE_CHARACTER"), rare, common)


def minority(dice: Random, sex: str, father: str) -> tuple[str, str]:
    """A name as own name · father's name, and the own name."""
    own = dice.choice(MINORITY[sex])
    if dice.random() < 0.25:
        own += dice.choice(("江", "别克", "力", "艾力") if sex == "male" else ("古丽", "罕", "木", "妮萨"))
    return f"{own}·{father or dice.choice(MINORITY['male'])}", own


def foreign(dice: Random, sex: str) -> str:
    """A name as a passport's, family name first."""
    return f"{dice.choice(ABROAD_FAMILY)} {dice.choice(ABROAD_GIVEN[sex])}"


def newborn(dice: Random, mother: str, sex: str, rank: int) -> str:
    """What the maternity ward calls a child who has no name yet."""
    if rank == 0 and dice.random() < 0.06 and "·" not in mother:
        return f"{mother[0]}毛毛"
    return dice.choice(_NEWBORN[sex, rank]).format(mother)
