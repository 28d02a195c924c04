"""What FHIR XML looks like in each case that the specification names, both ways."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from doorstep.fhir.problems import FhirProblem
from doorstep.fhir.xml import pretty, read, write

HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n'
NS = b' xmlns="http://hl7.org/fhir"'
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'

PAIRS = {
    "values, and an attribute's id": (
        b'{"resourceType":"Patient","id":"p1","active":true,"name":[{"id":"n","family":"\xe5\xbc\xa0"}],'
        b'"multipleBirthInteger":2}',
        b'<id value="p1"/><active value="true"/><name id="n"><family value="\xe5\xbc\xa0"/></name>'
        b'<multipleBirthInteger value="2"/>',
    ),
    "a primitive's id and extension, with and without value": (
        b'{"resourceType":"Patient","birthDate":"1970-03-30","_birthDate":{"id":"b","extension":'
        b'[{"url":"http://x.cn/t","valueTime":"08:00:00"}]},"_deceasedBoolean":{"extension":'
        b'[{"url":"http://x.cn/u","valueCode":"unknown"}]}}',
        b'<birthDate id="b" value="1970-03-30"><extension url="http://x.cn/t"><valueTime value="08:00:00"/></extension>'
        b'</birthDate><deceasedBoolean><extension url="http://x.cn/u"><valueCode value="unknown"/></extension>'
        b"</deceasedBoolean>",
    ),
    "arrays of primitives with nulls": (
        b'{"resourceType":"Patient","name":[{"given":["a",null,"c","d"],"_given":[null,{"id":"x"},{"id":"y"},null]}]}',
        b'<name><given value="a"/><given id="x"></given><given id="y" value="c"></given><given value="d"/></name>',
    ),
    "contained resources": (
        b'{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o","name":"x"}],'
        b'"managingOrganization":{"reference":"#o"}}',
        b'<contained><Organization><id value="o"/><name value="x"/></Organization></contained>'
        b'<managingOrganization><reference value="#o"/></managingOrganization>',
    ),
    "resources in bundles and parameters": (
        b'{"resourceType":"Parameters","parameter":[{"name":"a","resource":{"resourceType":"Bundle","type":"batch",'
        b'"entry":[{"fullUrl":"urn:x","resource":{"resourceType":"Basic","id":"b"}}]}}]}',
        b'<parameter><name value="a"/><resource><Bundle><type value="batch"/><entry><fullUrl value="urn:x"/>'
        b'<resource><Basic><id value="b"/></Basic></resource></entry></Bundle></resource></parameter>',
    ),
    "content references": (
        b'{"resourceType":"Questionnaire","item":[{"linkId":"1","item":[{"linkId":"1.1","item":[{"linkId":"1.1.1"}]}]}]}',
        b'<item><linkId value="1"/><item><linkId value="1.1"/><item><linkId value="1.1.1"/></item></item></item>',
    ),
    "binary": (
        b'{"resourceType":"Binary","contentType":"text/plain","data":"aGk="}',
        b'<contentType value="text/plain"/><data value="aGk="/>',
    ),
}


@pytest.mark.parametrize("case", PAIRS)
def test_both_ways(case: str) -> None:
    body, inner = PAIRS[case]
    name = body.split(b'"')[3]
    document = HEAD + b"<" + name + NS + b">" + inner + b"</" + name + b">"
    assert write(body) == document
    assert read(document) == body


@pytest.mark.parametrize(
    "literal",
    ["72.50", "0", "-0", "-0.0", "1.0E5", "1e-7", "100000000000000000000000.10", "9" * 5000, "5", "1E400", "0.00"],
)
def test_a_number_is_kept_as_it_was_written(literal: str) -> None:
    body = f'{{"resourceType":"Observation","valueQuantity":{{"value":{literal}}}}}'.encode()
    document = write(body)
    assert f'<value value="{literal}"/>'.encode() in document
    assert read(document) == body


def test_elements_are_written_in_the_order_of_the_specification() -> None:
    document = write(
        b'{"birthDate":"1970-01-01","_gender":{"id":"g"},"name":[{"given":["b"],"use":"usual"}],"resourceType":"Patient",'
        b'"id":"a","gender":"male","valueless":1}'.replace(b',"valueless":1', b"")
    )
    assert [e.tag.partition("}")[2] for e in ElementTree.fromstring(document)] == ["id", "name", "gender", "birthDate"]
    assert b'<name><use value="usual"/><given value="b"/></name>' in document
    assert b'<gender id="g" value="male">' in document


def test_all_characters_survive_an_attribute() -> None:
    text = "a&b<c>\\\"d'e\\n\\tf\\r\\ng\u0085\u2028 \U0001f600𠮷 ]]> &#10;"
    body = f'{{"resourceType":"Basic","id":"{text}"}}'.encode()
    assert read(read_by_another(write(body))) == body


def read_by_another(document: bytes) -> bytes:
    """The same document as another program writes it, with its own escapes."""
    ElementTree.register_namespace("", "http://hl7.org/fhir")
    return ElementTree.tostring(ElementTree.fromstring(document), encoding="utf-8").replace(b"\xc2\x85", b"&#133;")


def narrative(div: str) -> bytes:
    escaped = div.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'{{"resourceType":"Basic","text":{{"status":"generated","div":"{escaped}"}}}}'.encode()


@pytest.mark.parametrize(
    "div",
    [
        DIV + "张三</div>",
        DIV + "<div>a</div><p class='x > y'>b &amp; c &#160;<br/></p>\n<!-- <div> --></div>",
        '<div xmlns="http://www.w3.org/1999/xhtml"/>',
        DIV + "<![CDATA[<div>]]> a:b=c <p xml:lang='zh'>x:y = z</p></div>",
        DIV + '<svg xmlns="http://www.w3.org/2000/svg" xmlns:l="http://l" l:href="#"/></div>',
    ],
)
def test_a_narrative_goes_over_letter_by_letter(div: str) -> None:
    body = narrative(div)
    assert div.encode() in write(body)
    assert read(write(body)) == body


def test_a_narrative_without_namespace_or_with_names_of_html_is_put_right() -> None:
    document = write(narrative("<div>a&nbsp;b&lt;</div>"))
    assert f"{DIV}a&#160;b&lt;</div>".encode() in document


def test_a_narrative_that_leans_on_the_document_around_it_is_written_anew() -> None:
    document = (
        b'<f:Basic xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml"><!-- <h:div> --><f:text>'
        b'<f:status value="generated"/><h:div><h:p class="a&quot;" xml:lang="zh">x<h:br/>y</h:p>z</h:div></f:text>'
        b"</f:Basic>"
    )
    assert read(document) == narrative(f'{DIV}<p class=\'a"\' xml:lang="zh">x<br/>y</p>z</div>')


def test_the_narratives_of_a_bundle_stay_with_their_resources() -> None:
    entry = (
        '{{"resource":{{"resourceType":"Basic","text":{{"status":"generated","div":"<div xmlns=\\"{}\\">{}</div>"}}}}}}'
    )
    inside = ["a", "<div><div/></div>", "c"]
    entries = ",".join(entry.format("http://www.w3.org/1999/xhtml", each) for each in inside)
    body = f'{{"resourceType":"Bundle","type":"batch","entry":[{entries}]}}'.encode()
    assert read(write(body)) == body


def test_comments_and_instructions_are_dropped_and_schema_locations_ignored() -> None:
    document = (
        b'\xef\xbb\xbf<?xml version="1.0"?><!-- a --><?b c?><Patient xmlns="http://hl7.org/fhir" '
        b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"> <!-- d --> <?e f?>'
        b'<active value="true"><!-- g --></active> </Patient><!-- h -->'
    )
    assert read(document) == b'{"resourceType":"Patient","active":true}'


ENCODED = '<?xml version="1.0" encoding="{}"?><Basic xmlns="http://hl7.org/fhir"><id value="{}"/></Basic>'


@pytest.mark.parametrize(
    ("declared", "codec", "mark", "text"),
    [
        ("UTF-8", "utf-8", b"\xef\xbb\xbf", "张𠮷"),
        ("GB18030", "gb18030", b"", "张𠮷㐀"),
        ("GBK", "gbk", b"", "张龘"),
        ("gb2312", "gb18030", b"", "镕𠮷"),
        ("Big5", "big5", b"", "張"),
        ("UTF-16", "utf-16", b"", "张𠮷"),
        ("UTF-16", "utf-16-be", b"", "张𠮷"),
        ("utf-16", "utf-8", b"", "张"),
        ("ISO-8859-1", "latin-1", b"", "é"),
    ],
)
def test_the_encoding_that_is_declared_is_taken(declared: str, codec: str, mark: bytes, text: str) -> None:
    document = mark + ENCODED.format(declared, text).encode(codec)
    assert read(document) == f'{{"resourceType":"Basic","id":"{text}"}}'.encode()


PATIENT = '<Patient xmlns="http://hl7.org/fhir">\n {}\n</Patient>'


@pytest.mark.parametrize(
    ("inner", "code", "path"),
    [
        ("<nonsense/>", "xml-element", "nonsense"),
        ('<name/><name><givven value="x"/></name>', "xml-element", "name[1].givven"),
        ('<active xmlns="http://other" value="true"/>', "xml-namespace", "active"),
        ('<active value="true" x="1"/>', "xml-attribute", "active"),
        ('<active xmlns:q="http://q" q:value="true"/>', "xml-attribute", "active"),
        ("<active/>", "xml-attribute-missing", "active"),
        ('<extension><valueCode value="a"/></extension>', "xml-attribute-missing", "extension"),
        ("<active value='true'>yes</active>", "xml-text", "active"),
        ("words", "xml-text", None),
        ("<name>words<family value='x'/></name>", "xml-text", "name"),
        ("<name><family value='x'/>words</name>", "xml-text", "name"),
        ("<active value='true'/><active value='true'/>", "xml-repeated", "active[1]"),
        ("<active value='TRUE'/>", "xml-value", "active"),
        ("<multipleBirthInteger value='1.0'/>", "xml-value", "multipleBirthInteger"),
        ("<multipleBirthInteger value='٣'/>", "xml-value", "multipleBirthInteger"),
        ("<multipleBirthInteger value=' 3'/>", "xml-value", "multipleBirthInteger"),
        ("<name/>", "xml-empty", "name"),
        ("<name value='x'/>", "xml-attribute", "name"),
        ("<contained/>", "no-resource", "contained"),
        ("<contained><Nothing/></contained>", "unknown-type", "contained"),
        ("<contained><Basic/><Basic/></contained>", "xml-repeated", "contained"),
        ("<contained>x<Basic/></contained>", "xml-text", "contained"),
        ("<text><status value='empty'/><div>x</div></text>", "xml-namespace", "text.div"),
        ("<contained><Basic><id/></Basic></contained>", "xml-attribute-missing", "contained.id"),
    ],
)
def test_a_fault_is_named_with_line_column_and_path(inner: str, code: str, path: str | None) -> None:
    with pytest.raises(FhirProblem) as caught:
        read(PATIENT.format(inner.replace("<name/><name>", '<name id="a"/><name>')).encode())
    assert (caught.value.code, caught.value.expression) == (code, path)
    assert caught.value.line == (1 if path is None else 2)
    assert caught.value.column == (1 if path is None else caught.value.column)
    assert caught.value.column >= 1


def test_the_place_of_a_fault_counts_characters() -> None:
    with pytest.raises(FhirProblem) as caught:
        read('<Basic xmlns="http://hl7.org/fhir">\n<id value="张三"/><nonsense/></Basic>'.encode())
    assert (caught.value.line, caught.value.column) == (2, 17)


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        (b'{"resourceType":"Patient","nonsense":1}', "xml-unknown-key", "nonsense"),
        (b'{"resourceType":"Patient","name":[{"id":"a"},{"x-y":1}]}', "xml-unknown-key", "name[1].`x-y`"),
        (b'{"resourceType":"Patient","_name":[{"id":"a"}]}', "xml-unknown-key", "_name"),
        (
            b'{"resourceType":"Patient","name":[{"resourceType":"HumanName"}]}',
            "xml-unknown-key",
            "name[0].resourceType",
        ),
        (
            b'{"resourceType":"Patient","extension":[{"url":"a","_url":{"id":"a"}}]}',
            "xml-unknown-key",
            "extension[0]._url",
        ),
        (b'{"resourceType":"Patient","_active":{"value":true}}', "xml-unknown-key", "active.value"),
        (b'{"resourceType":"Patient","name":{}}', "wrong-shape", "name"),
        (b'{"resourceType":"Patient","name":["x"]}', "wrong-shape", "name[0]"),
        (b'{"resourceType":"Patient","name":[]}', "xml-empty", "name"),
        (b'{"resourceType":"Patient","name":[{}]}', "xml-empty", "name[0]"),
        (b'{"resourceType":"Patient","name":[{"given":[null]}]}', "xml-empty", "name[0].given[0]"),
        (b'{"resourceType":"Patient","active":null}', "xml-empty", "active"),
        (b'{"resourceType":"Patient","active":"true"}', "wrong-shape", "active"),
        (b'{"resourceType":"Patient","multipleBirthInteger":1.0}', "wrong-shape", "multipleBirthInteger"),
        (b'{"resourceType":"Patient","birthDate":1970}', "wrong-shape", "birthDate"),
        (b'{"resourceType":"Patient","maritalStatus":null}', "wrong-shape", "maritalStatus"),
        (b'{"resourceType":"Patient","extension":[{"valueCode":"a"}]}', "xml-attribute-missing", "extension[0].url"),
        (b'{"resourceType":"Patient","id":"a\\u0001"}', "xml-character", "id"),
        (b'{"resourceType":"Patient","id":"a\\uffff"}', "xml-character", "id"),
        (b'{"resourceType":"Patient","contained":[{"id":"a"}]}', "no-resource-type", "contained[0]"),
        (b'{"resourceType":"Patient","contained":[{"resourceType":"DomainResource"}]}', "unknown-type", None),
        (b'{"resourceType":["Patient"]}', "unknown-type", "resourceType"),
        (b'{"resourceType":"Patient","text":{"status":"empty","div":"<p>x</p>"}}', "xml-narrative", "text.div"),
        (b'{"resourceType":"Patient","text":{"status":"empty","div":"<div>x"}}', "xml-narrative", "text.div"),
        (b'{"resourceType":"Patient","text":{"status":"empty","div":"<div/><active/>"}}', "xml-narrative", "text.div"),
        (
            b'{"resourceType":"Patient","text":{"status":"empty","div":"<!DOCTYPE x><div/>"}}',
            "xml-narrative",
            "text.div",
        ),
        (
            b'{"resourceType":"Patient","text":{"status":"empty","div":"<?xml version=\'1.0\'?><div/>"}}',
            "xml-narrative",
            None,
        ),
        (b'["x"]', "not-object", None),
        (b'{"resourceType":"Patient",', "truncated", None),
    ],
)
def test_json_that_is_not_r4_is_refused_and_never_dropped(body: bytes, code: str, path: str | None) -> None:
    with pytest.raises(FhirProblem) as caught:
        write(body)
    assert caught.value.code == code
    assert path is None or caught.value.expression == path


def test_pretty_puts_an_element_on_a_line_and_leaves_narratives_alone() -> None:
    body = narrative(DIV + "<p>a\n <div/></p></div>").replace(b',"text"', b',"id":"a>b","text"')
    assert (
        pretty(write(body)).decode()
        == f"""<?xml version="1.0" encoding="UTF-8"?>
<Basic xmlns="http://hl7.org/fhir">
  <id value="a>b"/>
  <text>
    <status value="generated"/>
    {DIV}<p>a\n <div/></p></div>
  </text>
</Basic>
"""
    )
