"""Records for tests: few values, so that pairs agree often, and every way of writing that the rules speak of."""

from __future__ import annotations

from hypothesis import strategies as st

from doorstep.linkage.facts import Facts, Said, standard
from doorstep.linkage.numbers import check_digit

NAMES = (
    "王伟", "王 伟", "王玮", "王维", "王文博", "王博文", "王文", "李文博", "欧阳若兰", "歐陽若蘭", "欧阳若",
    "买买提·吐尔逊", "买买提•吐尔逊", "WANG WEI", "Wang Wei", "Wei Wang", "李梅之子", "李梅之大女", "李梅",
    "张毛毛", "曾小明", "增小明", "", "?",
    "Jacob Lanyon", "LANYON JACOB", "Jakob Lanyon", "Jake Lanyn", "Jacob", "Mary-Ann O'Neil", "José Muñoz",
    "坎拜尔妮萨罕铁木尔", "坎拜尔妮萨罕", "Иван Петров",
)  # fmt: skip
BIRTHS = (
    "1990-03-05",
    "1990-05-03",
    "1990-01-01",
    "1990-03-06",
    "1990-04-09",
    "1991-03-05",
    "1962-03-05",
    "",
    "1990-02-30",
)
BODIES = ("43990019900305001", "43990019900305002", "43990019620305001", "11010119900401123")
IDS = (*(body + check_digit(body) for body in BODIES), "439900199003050010", "43990019900305", "439900900305001", "")
PHONES = ("13912345678", "+86 139 1234 5678", "13912345679", "13800138000", "0731-5550001", "")
INSURANCES = ("A1", "a1 ", "A2", "4309876543210", "4309876543211", "4309876543122", "7001131", "7001311", "")
CERTIFICATES = ("R430012345", "r430012345 ", "R430012346", "R430912345", "R000000000", "430012345", "")
HOMES = (
    "湖南省清禾市石桥区石桥镇阳光社区锦绣花园3幢2单元501室", "石桥区锦绣花园3-2-501", "石桥区石桥镇阳光社区",
    "麻石县石桥镇麻石村3组12号", "石桥区和平小区3号楼2单元501室", "石桥区", "",
    "6 Tullaroop Street, St James, 4011, WA", "8 tullarop st, St Jmaes, 4011", "Perth, 4000",
)  # fmt: skip


def said(key: str = "a") -> st.SearchStrategy[Said]:
    """Any record."""
    return st.builds(
        Said, key=st.just(key), name=st.sampled_from(NAMES), sex=st.sampled_from(("1", "2", "male", "0", "")),
        birth_date=st.sampled_from(BIRTHS), resident_id=st.sampled_from(IDS), phone=st.sampled_from(PHONES),
        insurance=st.sampled_from(INSURANCES), address=st.sampled_from(HOMES),
        guardian=st.sampled_from(("李梅", "王强", "")), guardian_id=st.sampled_from(("", "", *IDS[:2])),
        rank=st.sampled_from((0, 0, 1, 2)), family=st.sampled_from(("", "Lanyon")),
        certificate=st.sampled_from(CERTIFICATES), mother=st.sampled_from(("李梅", "李 梅", "张兰", "")),
        father=st.sampled_from(("王强", "")),
    )  # fmt: skip


def facts(key: str = "a") -> st.SearchStrategy[Facts]:
    """Any record in its one form."""
    return said(key).map(standard)
