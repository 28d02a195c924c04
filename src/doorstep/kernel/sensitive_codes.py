"""The codes and names of the sensitive kinds, as they hold since 2021-07-01 (GB/T 39725-2020, level 5). Data.

ICD-10 by chapter and block as GB/T 14396-2016 prints them, ICD-9-CM3 as 手术操作分类代码国家临床版, ATC of the WHO,
LOINC by its test names, labels of HL7 v3 Confidentiality and ActCode. Which codes belong to a kind is our reading: the
norm names the kinds alone. Tobacco (F17) and threatened abortion (O20.0) are left out on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ICD10: Final[Mapping[str, tuple[str, ...]]] = {
    "HIV": ("B20-B24", "F02.4", "O98.7", "R75", "Z11.4", "Z20.6", "Z21", "Z71.7"),
    "STD": ("A50-A64", "I98.0", "N74.2-N74.4", "O98.1-O98.3", "Z11.3", "Z20.2", "Z22.4"),
    "PSY": ("F00-F09", "F20-F99", "X60-X84", "Z03.2", "Z04.6", "Z86.5", "Z91.5"),
    "SUD": ("F10-F16", "F18-F19", "Z50.2-Z50.3", "Z71.4-Z71.5", "Z72.1-Z72.2"),
    "SDV": ("T74.2", "Y05", "Z04.4", "Z61.4-Z61.5"),
    "ABORTION": ("O03-O08", "Z30.3"),
}
ICD9: Final[Mapping[str, tuple[str, ...]]] = {
    "PSY": ("940", "941", "942", "943", "944", "945"),
    "SUD": ("946",),
    "ABORTION": ("6901", "6951", "7491", "750"),
}
ATC: Final[Mapping[str, tuple[str, ...]]] = {
    # J05AF without those that hepatitis B is treated with (05, 07, 08, 10 to 13)
    "HIV": (
        "J05AE", "J05AG", "J05AJ", "J05AR", "J05AF01", "J05AF02", "J05AF03", "J05AF04", "J05AF06", "J05AF09",
        "J05AX07", "J05AX09",
    ),
    "PSY": ("N05A", "N06A"),
    "SUD": ("N07BB", "N07BC"),
    "ABORTION": ("G03XB",),
}  # fmt: skip
LOINC: Final[Mapping[str, str]] = {
    **dict.fromkeys(("7917-8", "56888-1", "75622-1", "29893-5", "20447-9", "24467-3", "80387-4"), "HIV"),
    **dict.fromkeys(("20507-0", "22461-8", "24110-9", "31147-2"), "STD"),
    **dict.fromkeys(("44249-1", "44261-6", "69737-5", "70274-6"), "PSY"),
}
LABELS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("R", "V"), "OTHER"),
    **{code: code for code in ("HIV", "STD", "SDV")},
    **dict.fromkeys(("PSY", "PSYTHPN", "MH", "BH"), "PSY"),
    **dict.fromkeys(("ETH", "SUD", "ALC", "DRG", "OPIOIDUD"), "SUD"),
    "SEX": "STD ABORTION",
    "VIO": "SDV",
}
# Parts of a code system's address in small letters, or its OID; the first that fits says what its codes are.
LABEL_SYSTEMS: Final = ("v3-confidentiality", "v3-actcode", "2.16.840.1.113883.5.25", "2.16.840.1.113883.5.4")
LOINC_SYSTEMS: Final = ("loinc", "2.16.840.1.113883.6.1")
ATC_SYSTEMS: Final = ("whocc.no/atc", "/atc", ":atc", "2.16.840.1.113883.6.73")
ICD9_SYSTEMS: Final = ("icd-9", "icd9", "2.16.156.10011.2.3.3.12", "2.16.840.1.113883.6.104")
ICD10_SYSTEMS: Final = ("icd-10", "icd10", "t14396", "t 14396", "2.16.156.10011.2.3.3.11", "2.16.840.1.113883.6.90")
OTHER_SYSTEMS: Final = ("terminology.hl7.org", "hl7.org/fhir", "unitsofmeasure", "snomed", "rxnorm", "dicom", "nucc")

DENIED: Final = "无(?!痛)|否认|未见|未发现|排除|不伴|(?i:no |denies )"
"""How a name begins that says what is not."""
WORDS: Final[Mapping[str, str]] = {
    "HIV": (
        r"艾滋|获得性免疫缺陷|人类?免疫缺陷病毒|(?<![a-z])HIV(?![a-z])|immunodeficiency virus"
        r"|齐多夫定|依非韦伦|奈韦拉平|洛匹那韦|多替拉韦|阿巴卡韦|比克替拉韦|比克恩丙诺"
    ),
    "STD": r"梅毒|淋病|淋球菌|尖锐湿疣|生殖器疱疹|软下疳|性传播|syphili|gonorrh|genital herpes",
    "PSY": (
        r"精神分裂|精神病|精神障碍|精神科|精神卫生|精神专科|心理科|双相|躁狂|抑郁(?:症|障碍|发作|状态)"
        r"|焦虑(?:症|障碍|状态)|自杀|自残|自伤|schizophren|psychiatr|psychotic|psychosis|bipolar disorder"
        r"|depressive disorder|anxiety disorder|suicid|氯氮平|奥氮平|利培酮|喹硫平|阿立哌唑|氟哌啶醇|碳酸锂|舍曲林"
        r"|帕罗西汀|氟西汀|西酞普兰|文拉法辛|度洛西汀|米氮平"
    ),
    "SUD": (
        r"吸毒|毒品|戒毒|药物依赖|药物滥用|阿片类?(?:药物)?依赖|海洛因|美沙酮|丁丙诺啡|酒精?依赖|酒精所致|heroin"
        r"|opioid (?:use|abuse|dependence)|drug (?:abuse|dependence)|substance abuse|alcoholism|methadone|buprenorphine"
    ),
    "SDV": r"性侵|强奸|性虐待|猥亵|sexual (?:assault|abuse)",
    "ABORTION": (
        r"(?:人工|药物|稽留|难免|不全|完全|自然)流产|(?<!先兆)流产术|终止妊娠|中期引产|米非司酮"
        r"|(?:induced|spontaneous|incomplete|missed) abortion|termination of pregnancy"
    ),
}
"""Names of diseases, drugs and departments, in Chinese and English; not 性病 alone (慢性病), nor 引产 alone."""
