"""Work grows with what is sent and no faster: steps of our own code and of the library's are counted, not seconds."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from doorstep.adapters.cda import document
from doorstep.adapters.cda import mapping as cda
from doorstep.adapters.cda.tests import samples
from doorstep.adapters.hl7v2 import batches, codec, enclosed, frames, mapping
from doorstep.adapters.sheets import reading
from tests.fuzz.targets import CONTEXT

SMALL = 16
MORE = 1.25
"""How much more than twice as much twice as much may cost; of quadratic work it is twice."""
MSH = "MSH|^~\\&|L|W|D|D|20260301||{}|1|P|2.5.1||||||UNICODE UTF-8\rPID|1||P1^^^W^MR||王^小明\r"


def steps(run: Callable[[], object]) -> int:
    """How many bytecodes run of our own code, and calls of others'."""
    count = 0

    def local(frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += event == "opcode"
        return local

    def enter(frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        count += 1
        if "doorstep" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        return local

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def demand_linear(make: Callable[[int], bytes], run: Callable[[bytes], object]) -> None:
    run(make(1))  # tables are read once
    inputs = [make(SMALL * times) for times in (1, 2, 4)]
    one, two, four = (steps(lambda raw=raw: run(raw)) for raw in inputs)
    assert four - two <= 2 * MORE * (two - one) + 500, (one, two, four)


def oru(*lines: str) -> bytes:
    return (MSH.format("ORU^R01") + "OBR|1||F1|1^x^L|||20260301\r" + "".join(f"{line}\r" for line in lines)).encode()


def numbers(n: int) -> bytes:
    return MSH.format("ADT^A31").replace("P1^^^W^MR", "~".join(f"P{at}^^^W^MR" for at in range(n))).encode()


MESSAGES: dict[str, Callable[[int], bytes]] = {
    "results": lambda n: oru(*(f"OBX|{at}|NM|{at}^x^L||{at}|g/L^^UCUM|3-5|N|||F" for at in range(n))),
    "one code again and again": lambda n: oru(*["OBX|1|NM|7^x^L||1||||||F"] * n),
    "notes": lambda n: oru("OBX|1|NM|7^x^L||1||||||F", *["NTE|1||注"] * n),
    "repetitions": lambda n: oru(f"OBX|1|TX|7^x^L||{'~'.join(['字'] * n)}"),
    "numbers of a patient": lambda n: numbers(n),
    "components": lambda n: oru(f"OBX|1|TX|7^x^L||{'^'.join('a' * n)}"),
    "subcomponents": lambda n: oru(f"OBX|1|CE|7^x^L||{'&'.join('a' * n)}"),
    "fields": lambda n: oru("OBX|" + "|".join(["1"] * n)),
    "escapes": lambda n: oru("OBX|1|TX|7^x^L||" + "\\F\\" * n + "\\X0A0D\\" * n),
    "escapes that do not end": lambda n: oru("OBX|1|TX|7^x^L||" + "\\X0" * n),
    "escapes of nothing": lambda n: oru("OBX|1|TX|7^x^L||" + "\\" * n),
    "segments of its own": lambda n: oru(*["ZZZ|1"] * n),
    "empty lines": lambda n: oru(*[""] * n),
    "reports": lambda n: oru(*(f"OBR|{at}||F{at}|1^x^L|||20260301\rOBX|1|NM|7^x^L||1||||||F" for at in range(n))),
    "files": lambda n: oru(*["OBX|1|ED|7^x^L||^AP^PDF^Base64^QUJD"] * n),
    "parts of a file": lambda n: oru(
        "OBX|1|ED|7^x^L||^AP^PDF^Base64^JVBERi0xLjcK", *["OBX|1|ED|7^x^L||^AP^PDF^Base64^QUJD"] * n
    ),
    "files in parts": lambda n: oru("OBX|1|ED|7^x^L||" + "~".join(["^AP^PDF^Base64^JVBERi0xLjcK~QUJD"] * n)),
    "spaces in base64": lambda n: oru("OBX|1|ED|7^x^L||^AP^PDF^Base64^" + "Q U J D " * n),
}  # fmt: skip


def use(raw: bytes) -> None:
    message = codec.parse(raw)
    assert codec.write(message) == raw
    message = mapping.joined(message)
    mapping.convert(message, mapping.standard(), CONTEXT)
    list(enclosed.enclosed(message))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message(name):
    demand_linear(MESSAGES[name], use)


def bit_by_bit(raw: bytes) -> list[bytes]:
    reader = frames.Frames(1 << 20)
    return [message for byte in raw for message in reader.feed(bytes([byte]))]


STREAMS: dict[str, Callable[[int], bytes]] = {
    "frames": lambda n: b"\x0bMSH|\r\x1c\r" * n,
    "a frame that does not end": lambda n: b"\x0b" + b"a" * 10 * n,
    "starts in a frame": lambda n: b"\x0b" + b"\x0bMSH" * n + b"\x1c\r",
    "ends that are none": lambda n: b"\x0b" + b"\x1c" * 10 * n,
    "noise": lambda n: b"\r\n" * 10 * n,
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("whole", [True, False])
def test_a_stream(name, whole):
    demand_linear(STREAMS[name], (lambda raw: frames.Frames(1 << 20).feed(raw)) if whole else bit_by_bit)


BATCHES: dict[str, Callable[[int], bytes]] = {
    "messages": lambda n: b"FHS|^~\\&\rBHS|^~\\&\r" + b"MSH|^~\\&|A\rPID|1\r" * n + b"BTS|9\rFTS|1\r",
    "batches": lambda n: b"FHS|^~\\&\r" + b"BHS|^~\\&\rMSH|^~\\&|A\rBTS|1\r" * n,
    "trailers": lambda n: b"FHS|^~\\&\r" + b"BTS|1\rFTS|1\r" * n,
    "headers": lambda n: b"FHS|^~\\&\r" * n,
}


@pytest.mark.parametrize("name", BATCHES)
def test_a_batch(name):
    demand_linear(BATCHES[name], lambda raw: batches.check(batches.split(raw)))


ALLERGIES = samples.de("DE02.10.022.00", "过敏史", "青霉素过敏")


def written(*entries: str, text: str = "") -> bytes:
    return samples.chinese(samples.section("48765-2", *entries, title="过敏史", text=text))


DOCUMENTS: dict[str, Callable[[int], bytes]] = {
    "entries": lambda n: written(*[ALLERGIES] * n),
    "sections": lambda n: samples.chinese(*[samples.ALLERGY] * n),
    "an organizer of many": lambda n: written(samples.organizer(*[ALLERGIES] * n)),
    "paragraphs": lambda n: written(text="<paragraph>字</paragraph>" * n),
    "rows": lambda n: written(text=f"<table>{'<tr><td>1</td></tr>' * n}</table>"),
    "lists": lambda n: written(text=f"<list>{'<item>1</item>' * n}</list>"),
    "named texts": lambda n: written(text="".join(f'<content ID="c{at}">1</content>' for at in range(n))),
}  # fmt: skip


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document(name):
    def run(raw: bytes) -> None:
        document.read(raw)
        cda.convert(raw, cda.standard(), cda.Context("91430000000000000X"))

    demand_linear(DOCUMENTS[name], run)


def test_a_sheet():
    def sheet(n: int) -> bytes:
        held = io.StringIO()
        held.write("姓名,备注\n" + '王小明,"a\nb"\n' * n)
        return held.getvalue().encode()

    demand_linear(sheet, lambda raw: list(reading.tables(raw)))


def test_quadratic_work_is_told():
    """That the count can tell: a reader that looks back at all before it is caught."""
    namespace: dict[str, Any] = {}
    code = "def back(raw):\n for at in range(len(raw)):\n  for before in range(at): pass"
    exec(compile(code, "doorstep-like.py", "exec"), namespace)  # our own text
    with pytest.raises(AssertionError):
        demand_linear(lambda n: b"a" * n, namespace["back"])
