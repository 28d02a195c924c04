"""Documents in OBX-5 come out whole, however they are written; what is no base64 is told by its place."""

from __future__ import annotations

import base64
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2.codec import parse
from doorstep.adapters.hl7v2.enclosed import Broken, enclosed, unpacked

XML = '<?xml version="1.0" encoding="{}"?><a>青霉素 & ^~|</a>'
ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\n": "\\X0A\\", "\r": "\\X0D\\"}


def message(*obx: str, kind: str = "MDM^T02^MDM_T02", charset: str = "UNICODE UTF-8") -> bytes:
    lines = [f"MSH|^~\\&|HIS|W|D|D|20260301080000+0800||{kind}|7|P|2.5.1||||||{charset}", "PID|1||P1^^^W^MR", *obx]
    return ("\r".join(lines) + "\r").encode("gb18030" if charset.startswith("GB") else "utf-8")


def escaped(text: str) -> str:
    return "".join(ESCAPES.get(letter, letter) for letter in text)


def data(*obx: str, **more: str) -> list[tuple[str, bytes]]:
    return [(each.place, each.data) for each in enclosed(parse(message(*obx, **more)))]


@given(st.binary(min_size=1), st.sampled_from(["Base64", "base64", "BASE64"]), st.integers(1, 80))
def test_bytes_come_out_of_base64_as_they_went_in(raw, form, width):
    said = base64.b64encode(raw).decode()
    broken = "\\.br\\".join(said[at : at + width] for at in range(0, len(said), width))
    found = data(f"OBX|1|ED|1^x||^application^pdf^{form}^{said}", f"OBX|2|ED|1^x||^AP^PDF^{form}^{broken}")
    if unpacked(raw) == raw:
        assert [place for place, _ in found] == ["OBX-5.5", "OBX[2]-5.5"]
        assert {got for _, got in found} == {raw}


@given(st.binary(min_size=1))
def test_and_out_of_hexadecimal(raw):
    assert data(f"OBX|1|ED|1^x||^application^pdf^Hex^{raw.hex()}") == [("OBX-5.5", unpacked(raw))]


@pytest.mark.parametrize("declared", ["UTF-8", "GBK", "GB18030"])
@pytest.mark.parametrize("charset", ["UNICODE UTF-8", "GB 18030-2000"])
def test_escaped_xml_is_in_the_encoding_that_it_declares(declared, charset):
    text = XML.format(declared)
    for obx in (f"OBX|1|ED|1^x||^text^xml^A^{escaped(text)}", f"OBX|1|TX|1^x||{escaped(text)}"):
        [(_, raw)] = data(obx, charset=charset)
        assert raw.decode(declared) == text


def test_each_repetition_and_each_segment_has_its_place():
    one, two = (base64.b64encode(each).decode() for each in (b"one", b"two"))
    found = data(f"OBX|1|ED|1^x||^AP^PDF^Base64^{one}~^AP^PDF^Base64^{two}", "OBX|2|NM|1^x||4",
                 f"OBX|3|ED|1^x||^AP^PDF^Base64^{two}", kind="ORU^R01^ORU_R01")  # fmt: skip
    assert found == [("OBX-5[1].5", b"one"), ("OBX-5[2].5", b"two"), ("OBX[3]-5.5", b"two")]


def test_a_result_in_words_is_no_document():
    assert data("OBX|1|TX|1^x||阴性", "OBX|2|ST|1^x||阳性", kind="ORU^R01^ORU_R01") == []


@pytest.mark.parametrize(("form", "said"), [("Base64", "QUJDR"), ("Base64", "QU*D"), ("Base64", "阴"), ("Hex", "4G")])
def test_what_is_none_is_told_by_its_place(form, said):
    with pytest.raises(Broken) as told:
        data("OBX|1|NM|1^x||4", f"OBX|2|ED|1^x||^AP^PDF^{form}^{said}")
    assert (told.value.problem.reason, told.value.problem.place) == (f"bad-{form.lower()}", "OBX[2]-5.5")


@pytest.mark.parametrize("transfer", ["base64", "quoted-printable", "8bit"])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_the_first_part_of_a_mime_package_is_the_document(transfer, end):
    body = XML.format("UTF-8")
    package = EmailMessage()
    package["MIME-Version"] = "1.0"
    package.make_related()
    part = EmailMessage()
    part.set_content(body + "\n", subtype="xml", cte=transfer)
    package.attach(part)
    picture = EmailMessage()
    picture.set_content(b"\x89PNG", "image", "png")
    package.attach(picture)
    raw = package.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", end.encode())
    assert unpacked(raw).decode().strip() == body


@given(
    st.binary(), st.sampled_from([b"", b"MIME-Version: 1.0\r\n", b'Content-Type: multipart/x; boundary="b"\r\n\r\n--b'])
)
def test_whatever_stands_there_is_unpacked_or_left(raw, head):
    assert isinstance(unpacked(head + raw), bytes)
