"""What the reasons mean and what to do, in Chinese and English; those of XML itself are the FHIR library's."""

from __future__ import annotations

from typing import Final

_SENDER: Final = ("请发送方修正后重发。", "Ask the sender to put it right and send it again.")
_READ: Final = (
    "内容仍可在文书中阅读；需要结构化的，请在转换规则中增加。",
    "It can be read in the document; add it to the tables if it is needed in coded form.",
)

# code: (Chinese, English, what to do in Chinese, in English)
WORDS: Final[dict[str, tuple[str, str, str, str]]] = {
    "cda-too-deep": ("元素嵌套超过 {limit} 层", "elements are nested deeper than {limit} levels", *_SENDER),
    "cda-too-many-attributes": (
        "一个元素的属性超过 {limit} 个", "an element has more than {limit} attributes", *_SENDER,
    ),
    "cda-too-costly": (
        "文书内部的引用过多，无法在合理时间内处理",
        "the document refers within itself too often to be worked on",
        *_SENDER,
    ),
    "cda-not-document": ("不是 CDA 文档：根元素是“{name}”", "no CDA document: its root is “{name}”", *_SENDER),
    "cda-no-id": (
        "文档没有自己的编号（id 的 root、extension），无法与其他文档和以后的版本区分",
        "the document has no id of its own, so that it cannot be told from others and from its next version",
        *_SENDER,
    ),
    "cda-no-patient": (
        "文档没有写明是哪位患者（recordTarget 中没有可用的编号）",
        "the document does not say whose it is (no usable id in recordTarget)",
        *_SENDER,
    ),
    "cda-several-patients": ("文档写了多位患者", "the document is about several patients", *_SENDER),
    "cda-left-section": ("章节没有转换规则", "the section is not mapped", *_READ),
    "cda-left-entry": ("条目没有转换规则", "the entry is not mapped", *_READ),
    "cda-left-element": ("元素没有转换规则", "the element is not mapped", *_READ),
    "cda-other-subject": (
        "条目说的是他人（如家属、新生儿），未归入患者名下",
        "the entry is about somebody else (a relative, a newborn) and was not put down to the patient",
        *_READ,
    ),
    "cda-negated": (
        "条目说的是“没有”，没有相应的转换规则", "the entry says what is not, for which there is no rule", *_READ,
    ),
    "cda-bad-value": ("值不符合其类型，未采用", "a value is not of its type and was left out", *_SENDER),
    "cda-unmapped-value": (
        "值不在值对照表中，未采用",
        "a value is not in its value map and was left out",
        "请在值对照表中增加该值，或请发送方修正。",
        "Add the value to its value map, or ask the sender to put it right.",
    ),
    "cda-missing": (
        "缺少必需的内容（{element}），条目未采用",
        "what is needed is missing ({element}); the entry was left out",
        *_READ,
    ),
    "cda-second-value": ("该处已有值，第二个值未采用", "the place is filled; a second value was left out", *_READ),
    "cda-repetition": ("只采用了第一个重复值", "only the first repetition was taken", *_READ),
    "cda-not-valid": (
        "转换结果不符合 FHIR（{element}），条目未采用",
        "what was made of it is no valid FHIR ({element}); the entry was left out",
        *_READ,
    ),
    "cda-superseded": (
        "已有更新的版本，本版本只存档，条目未采用",
        "a newer version is there: this one is kept, its entries were not used",
        "", "",
    ),
    "cda-more": ("另有 {count} 处未转换", "{count} more places were not mapped", *_READ),
}  # fmt: skip
