"""The words in which the index tells how records came together."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

HOWS: Final = {
    "": _("建立索引以前"),
    "new": _("没有相符的居民，新建"),
    "number": _("号码相同"),
    "weight": _("资料相符"),
    "regrouped": _("新资料到达后重新归并"),
    "batch": _("批量归并"),
    "review": _("人工核对"),
    "hand": _("人工处理"),
}
KEYS: Final = {
    "number": _("身份证号"),
    "reading and birth date": _("姓名读音和出生日期"),
    "insurance": _("医保编号"),
    "certificate": _("出生医学证明编号"),
    "phone and birth date": _("电话和出生日期"),
    "phone and name": _("电话和姓名"),
    "guardian and birth date": _("监护人和出生日期"),
    "mother and birth date": _("母亲和出生日期"),
    "father and birth date": _("父亲和出生日期"),
    "guardian and phone": _("监护人和电话"),
    "guardian and home": _("监护人和住处"),
    "parent's ID and birth date": _("父母的身份证号和出生日期"),
    "home and birth date": _("住处和出生日期"),
    "home and name": _("住处和姓名"),
    "name, year and district": _("姓名、出生年份和区县"),
    "reading and day of the year": _("姓名读音和生日"),
    "reading and month": _("姓名读音和出生年月"),
}
VERDICTS: Final = {
    "same": _("核对人判断这两条记录是同一人。"),
    "different": _("有人判断过这两条记录不是同一人，系统自己不会再把它们归到一起。"),
    "two_ids": _("两条记录各有一个有效的身份证号，号码不同，所以看作两个人。"),
    "ranks": _("两条记录是多胞胎中不同的两个，所以看作两个人。"),
    "conflict": _("身份证号或出生医学证明编号相同，但{what}对不上，所以不自动归并。"),
    "number": _("一条记录凭相同的号码归到了另一条记录的居民。"),
    "sure": _("分数达到自动归并的界限，而且没有矛盾。"),
    "weak": _("分数达到界限，但相符的资料还不够有力：只有姓名和出生日期相符时，要由人判断。"),
    "review": _("分数在“请人核对”和“自动归并”之间，要由人判断。"),
    "no_key": _("两条记录没有共同的查找项，系统不会直接比较它们。"),
    "low": _("分数太低，系统看作两个人。"),
    "older": _("有一条记录还没有整理成现在的格式，暂时不能比较。"),
}
TOGETHER: Final = frozenset({"same", "number", "sure"})
"""The verdicts by which two records belong together."""
OVER: Final = {
    True: _("它们经过其他记录归到一起，见下面的连接。"),
    False: _("但归到一起会违反规则，见下面的连接。"),
}
OTHERWISE: Final = {
    True: _("它们是经过合并归到一起的，见“身份与归并”。"),
    False: _("但它们现在属于两位居民：合并被撤销过，或者还没有重新归并。"),
}
WHAT: Final = {"name": _("姓名"), "sex": _("性别"), "birth_date": _("出生日期")}
REFUSED: Final = {
    "threshold": _("分数不够"),
    "trusted": _("会使一位居民有两个身份证号"),
    "rank": _("会把两个多胞胎归到一起"),
    "bridge": _("分数太低，不能把两组记录连起来"),
}
