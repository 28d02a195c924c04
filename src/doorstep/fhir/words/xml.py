"""What can be wrong with XML."""

from __future__ import annotations

from typing import Final

from doorstep.fhir.words.kind import Kind

XML: Final[dict[str, Kind]] = {
    "xml-syntax": Kind("structure", 400, "XML 语法错误：{detail}", "XML syntax error: {detail}"),
    "xml-doctype": Kind(
        "structure", 400, "XML 中不得有 DOCTYPE 或实体声明", "XML may not declare a DOCTYPE or entities"
    ),
    "xml-encoding": Kind(
        "not-supported", 400, "不支持的 XML 编码声明“{encoding}”", "the XML encoding “{encoding}” is not taken"
    ),
    "xml-too-many": Kind("too-costly", 413, "XML 标签超过 {limit} 个", "more than {limit} tags of XML"),
    "xml-element": Kind("structure", 400, "此处没有元素“{name}”", "there is no element “{name}” here"),
    "xml-namespace": Kind(
        "structure", 400, "“{name}”的命名空间“{namespace}”不对", "“{name}” has the wrong namespace “{namespace}”"
    ),
    "xml-attribute": Kind("structure", 400, "此处没有 XML 属性“{name}”", "there is no attribute “{name}” here"),
    "xml-attribute-missing": Kind("required", 400, "缺少 XML 属性“{name}”", "the attribute “{name}” is missing"),
    "xml-text": Kind("structure", 400, "此处不得有文字“{text}”", "there may be no text here, but “{text}”"),
    "xml-repeated": Kind("structure", 400, "元素“{name}”只能出现一次", "the element “{name}” may stand only once"),
    "xml-value": Kind("value", 400, "“{value}”不是 {type}", "“{value}” is not of type {type}"),
    "xml-empty": Kind("structure", 400, "内容为空的元素、对象或数组", "an element, object or array without content"),
    "xml-unknown-key": Kind("structure", 400, "R4 中没有属性“{key}”", "R4 has no property “{key}” here"),
    "xml-character": Kind("value", 400, "XML 不能表示字符 {character}", "XML cannot hold the character {character}"),
    "xml-narrative": Kind(
        "structure", 400, "叙述不是格式正确的 XHTML div：{detail}", "the narrative is no XHTML div: {detail}"
    ),
}
