"""Peers: what python-hl7 and hl7apy write we read to the byte, and they read what we answer."""

from __future__ import annotations

from datetime import UTC, datetime

import hl7
import pytest
from hl7apy.core import Message as TheirMessage
from hl7apy.parser import parse_message

from doorstep.adapters.hl7v2.acks import acknowledge
from doorstep.adapters.hl7v2.codec import header_of, parse, write
from doorstep.adapters.hl7v2.escapes import unescape
from doorstep.adapters.hl7v2.shapes import Problem, Separators
from doorstep.adapters.hl7v2.tests.samples import ORU, files

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_python_hl7_and_we_see_the_same_fields():
    for path in files():
        raw = path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\r").replace(b"\n", b"\r").strip()
        theirs, ours = hl7.parse(raw.decode()), parse(raw)
        segments = [s for s in ours.segments if s.name]
        assert [str(s[0]) for s in theirs] == [s.name for s in segments], path.name
        for their, our in zip(theirs, segments, strict=True):
            assert [str(field) for field in their][1:] == our.fields[1:], path.name


def test_we_read_what_python_hl7_writes():
    made = hl7.parse(ORU.strip())
    made["PID"][0][5] = "李^四"
    raw = str(made).encode()
    message = parse(raw)
    assert (message.get("PID-5.1"), message.get("PID-5.2")) == ("李", "四")
    assert write(message) == raw


@pytest.mark.parametrize("text", ["a|b^c&d~e\\f", "C:\\temp\\F\\x", "||", ""])
def test_we_read_what_python_hl7_escapes(text):
    """Its hanzi we cannot: it writes their code points between \\X and \\, where the bytes of the set belong."""
    parsed = hl7.parse("MSH|^~\\&|\rPID|")
    assert unescape(parsed.escape(text), Separators()) == text


@pytest.mark.parametrize("version", ["2.3", "2.4", "2.5", "2.6", "2.7", "2.8"])
def test_we_read_what_hl7apy_writes_in_every_version(version):
    made = TheirMessage("ADT_A01", version=version)
    made.msh.msh_9 = "ADT^A01"
    made.msh.msh_10 = "77"
    made.pid.pid_3 = "1^^^H^MR"
    made.pid.pid_5 = "王^小明"
    made.pv1.pv1_2 = "I"
    raw = made.to_mllp().encode().strip(b"\x0b\x1c\r")
    message = parse(raw)
    assert (message.get("PID-5.2"), message.get("PV1-2"), message.header.control_id) == ("小明", "I", "77")
    assert write(message) == raw


@pytest.mark.parametrize("version", ["2.3", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8"])
@pytest.mark.parametrize("code", ["AA", "AE", "AR"])
def test_both_read_our_acknowledgements(version, code):
    header = header_of(ORU.replace("|P|2.5.1|", f"|P|{version}|").encode())
    error = None if code == "AA" else Problem("missing-field", "PID-3", "没有|号码")
    made = acknowledge(header, code, error=error, at=AT, control_id="K").decode()
    theirs = parse_message(made, find_groups=False)
    assert (theirs.msa.msa_1.value, theirs.msa.msa_2.value, theirs.msh.msh_12.value) == (code, "M1", version)
    plain = hl7.parse(made.strip())
    assert (str(plain["MSA.F1"]), str(plain["MSA.F2"])) == (code, "M1")
    if error and version >= "2.5":
        assert theirs.err.err_3.err_3_1.value == "101"
        assert "没有" in theirs.err.err_8.value
    elif error:
        assert "101" in theirs.err.err_1.value
