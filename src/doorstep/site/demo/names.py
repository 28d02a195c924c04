"""Names of people: surnames by their share in China, given-name characters by sex and birth cohort.

Surname shares follow the order and rough size of the Ministry of Public Security's list of 2019 (top 100 = 85.9 %);
the weights inside it and the cohort lists are assumed, written from general knowledge for a plausible look only.
"""

from __future__ import annotations

from bisect import bisect
from itertools import accumulate
from random import Random

_SURNAMES = (
    "王715 李704 张673 刘541 陈463 杨309 黄224 赵206 吴200 周191 徐142 孙138 马131 朱126 胡116 郭114 何106 林106 "
    "高98 罗96 郑94 梁91 谢72 宋69 唐66 许65 韩64 邓63 冯62 曹61 彭60 曾58 肖58 田54 董52 潘51 袁50 蔡49 蒋48 "
    "余47 于46 杜46 叶45 程44 魏43 苏43 吕42 丁42 任41 卢40 姚40 沈39 钟39 姜38 崔37 谭37 陆36 范35 汪35 廖34 "
    "石33 金33 韦32 贾32 夏31 付31 方30 邹30 熊29 白29 孟28 秦28 邱28 侯27 江27 尹26 薛26 闫25 段25 雷24 龙24 "
    "黎24 史23 陶23 贺23 毛22 郝22 顾22 龚21 邵21 万20 覃20 武20 钱19 戴19 严18 欧18 莫17 孔17 向16 常16 汤15 "
    "康14 易13 乔12 赖12 文11 单5 解4 翟4 查3 区2 仇2 欧阳9 上官2 司马2 诸葛1 皇甫1 令狐1 司徒1 尉迟1"
)
_GIVEN = {
    ("male", 0): "福贵德根生富祥荣华国林清云海山树森金水土木财发长寿明庭松柏青春秋元宝善良忠义仁信顺安康仲伯启运昌盛",
    ("male", 1): "建国军民卫东红兵爱华胜利志强文革援朝永跃进平新成立生海波涛峰勇刚毅振洪宏光明学武斌辉全权大小和先正",
    ("male", 2): "伟强磊军洋勇杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林坤雷亮峰彬阳志文海建晓晨东翔博威",
    ("male", 3): "浩宇轩泽睿子涵梓俊辰铭晨逸博文皓天佑嘉豪明昊一诺奕瑞霖恒沐阳承亦凡启航思远书墨景懿煜彦钧楷翊",
    ("female", 0): "秀英兰桂珍玉梅凤菊莲翠花香春淑贞金银素芝芳娥桃云霞月仙巧珠荷满妹冬腊来娣招彩爱喜连细清",
    ("female", 1): "丽华红英敏芳玲萍霞琴秀艳燕梅娟淑珍凤兰桂爱建新国云香莲春菊玉翠平群琼惠慧蓉珠美文素月雪彩小",
    ("female", 2): "静丽娜敏艳娟霞燕婷芳玲雪丹倩莉颖晶洁琳慧佳欣蕾璐瑶薇莹萌琪梦思雅媛悦晓玉文海春红兰英美云",
    ("female", 3): "梓涵欣怡诗雨桐可馨子一诺语妍若汐思萱雅琪佳依艺悦熙彤梦琳宁沐瑶芷晴书瑾婉清舒禾知夏安然星念柔乐",
}
# Share of one-character given names by cohort (assumed; most common among people born 1970 to 1999).
_SINGLE = (0.10, 0.16, 0.34, 0.12)
_UYGHUR = {
    "male": "买买提 吐尔逊 艾合买提 阿不都 玉素甫 热合曼 依明 库尔班 艾尔肯 卡德尔",
    "female": "阿依古丽 古丽娜尔 帕提古丽 热依汗 阿米娜 迪丽努尔 麦尔哈巴 茹仙 佐拉 祖丽皮亚",
}
_SURNAME_LIST = tuple("".join(c for c in s if not c.isdigit()) for s in _SURNAMES.split())
_SURNAME_SUMS = tuple(accumulate(int("".join(c for c in s if c.isdigit())) for s in _SURNAMES.split()))


def cohort(birth_year: int) -> int:
    """Which of four fashions in given names: before 1950, to 1969, to 1994, since."""
    return (birth_year >= 1950) + (birth_year >= 1970) + (birth_year >= 1995)


def surname(rng: Random) -> str:
    """A surname by its share."""
    return _SURNAME_LIST[bisect(_SURNAME_SUMS, rng.random() * _SURNAME_SUMS[-1])]


def given(rng: Random, sex: str, birth_year: int, generation: str = "") -> str:
    """A given name; `generation` is the character (字辈) that siblings share, empty for none."""
    fashion = cohort(birth_year)
    characters = _GIVEN[sex, fashion]
    last = characters[int(rng.random() * len(characters))]
    if generation:
        return generation + last if last != generation else generation
    if rng.random() < _SINGLE[fashion]:
        return last
    return characters[int(rng.random() * len(characters))] + last


def uyghur(rng: Random, sex: str, father: str = "") -> tuple[str, str]:
    """A minority name as (own name, father's name), to be written with · between them."""
    return rng.choice(_UYGHUR[sex].split()), father or rng.choice(_UYGHUR["male"].split())
