"""Messages read and written: to the byte, in linear time, with one kind of refusal."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doorstep.adapters.hl7v2 import codec
from doorstep.adapters.hl7v2.charsets import CODECS
from doorstep.adapters.hl7v2.codec import Unreadable, header_of, parse, write
from doorstep.adapters.hl7v2.escapes import escape, unescape
from doorstep.adapters.hl7v2.shapes import NULL, Problem, Separators, separators_of
from doorstep.adapters.hl7v2.tests.samples import MSH, ORU, files, lines

PLAIN = Separators()


def of(*segments: str) -> bytes:
    return lines("MSH|^~\\&|A|B|C|D|||ADT^A01|1|P|2.5", *segments).encode()


def test_every_sample_is_read_and_written_to_the_same_bytes():
    for path in files():
        raw = path.read_bytes()
        message = parse(raw)
        assert write(message) == raw, path.name
        assert message.header == header_of(raw), path.name
        assert message.header.kind, path.name


class TestPlaces:
    def test_by_path(self):
        message = parse(
            of(
                "PID|1||7^^^H&1.2&ISO^MR~8^^^G||王^小明^^^^^L",
                "OBX|1|ST|A||x",
                "OBX|2|ST|B||y~z|||||",
                'ZZZ|""|a\\T\\b&c',
            )
        )
        assert message.get("PID-3.1") == message.get("PID-3[1].1.1") == "7"
        assert message.get("PID-3[2].1") == "8"
        assert message.get("PID-3[1].4.2") == "1.2"
        assert message.get("PID-3") == "7^^^H&1.2&ISO^MR"
        assert message.get("OBX[2]-5[2]") == "z"
        assert message.all("OBX-5") == ["x", "y", "z"]
        assert message.all("OBX-3.1") == ["A", "B"]
        assert message.get("ZZZ-1") == NULL
        assert message.get("ZZZ-2") == "a&b&c"
        assert (message.get("ZZZ-2.1.1"), message.get("ZZZ-2.1.2")) == ("a&b", "c")
        assert (message.get("MSH-1"), message.get("MSH-2"), message.get("MSH-9.2")) == ("|", "^~\\&", "A01")
        for absent in ("PV1-2", "PID-40", "PID-3[9].1", "PID-5.9", "PID-8.1", "OBX[3]-1", "MSH-2.1"):
            assert message.get(absent) in ("", "^~\\&"), absent
        assert message.all("PV1-2") == []

    @pytest.mark.parametrize(
        "wrong", ["", "PID", "pid-3", "PID-3[0]", "PID-3.x", "PID.3", "PID-3[1", "P-1", "PID-3.1.1.1"]
    )
    def test_what_is_no_place(self, wrong):
        with pytest.raises(ValueError, match="no place"):
            parse(of()).get(wrong)

    def test_the_header(self):
        header = parse((MSH + "\r").replace("|||||CHN|", "|||AL|ER|CHN|").encode()).header
        assert (header.sending_application, header.sending_facility) == ("LIS", "山口医院")
        assert (header.receiving_application, header.receiving_facility) == ("HUB", "医共体")
        assert (header.kind, header.trigger, header.structure) == ("ORU", "R01", "ORU_R01")
        assert (header.control_id, header.processing, header.version) == ("M1", "P", "2.5.1")
        assert (header.accept_ack, header.application_ack, header.charset) == ("AL", "ER", "UNICODE UTF-8")
        assert header.at == "20260301080000+0800"

    def test_nothing_of_a_message_comes_into_logs(self):
        message = parse(ORU.encode())
        assert "王" not in repr(message) + repr(message.segments)


class TestBytes:
    @pytest.mark.parametrize("end", ["\r", "\n", "\r\n", "\r\r", "\n\n", "\r\n\r\n"])
    def test_ends_of_segments(self, end):
        raw = ORU.replace("\r", end).encode()
        message = parse(raw)
        assert [s.name for s in message.segments if s.name] == ["MSH", "PID", "OBR", "OBX", "ZCN"]
        assert write(message) == raw
        assert write(parse(raw.rstrip())) == raw.rstrip(), "also without the last"

    def test_line_feeds_within_a_text_belong_to_it(self):
        message = parse(of("OBX|1|TX|A||第一行\n第二行\nOBXtra line", "NTE|1"))
        assert message.get("OBX-5") == "第一行\n第二行\nOBXtra line"
        assert [s.name for s in message.segments] == ["MSH", "OBX", "NTE"]

    @pytest.mark.parametrize("lead", ["\ufeff", "\n", " \r\n", "\v"])
    def test_what_stands_before(self, lead):
        raw = lead.encode() + ORU.encode()
        message = parse(raw)
        assert (message.lead, write(message)) == (lead, raw)
        assert header_of(raw) == message.header

    @pytest.mark.parametrize(("declared", "codec"), [(name, codec) for name, codec in CODECS.items() if codec])
    def test_declared_charsets(self, declared, codec):
        sample = {"latin-1": "Müller", "big5": "王小明", "euc_kr": "김철수"}.get(codec, "王小明")
        sample = {"iso8859-5": "Иван", "iso8859-6": "محمد", "iso8859-7": "Νίκος", "iso8859-8": "דוד"}.get(codec, sample)
        sample = "Jan" if codec.startswith("iso8859") and sample == "王小明" else sample
        raw = ORU.replace("王", sample).replace("UNICODE UTF-8", declared)
        raw = "".join(c if c < "\x80" or c in sample else "x" for c in raw)
        message = parse(raw.encode(codec))
        assert (message.get("PID-5.1"), message.codec) == (sample, codec)
        assert write(message) == raw.encode(codec)

    @pytest.mark.parametrize("codec", ["utf-8", "gb18030", "gbk", "gb2312"])
    @pytest.mark.parametrize("declared", ["", "ASCII", "UNICODE"])
    def test_undeclared_charsets_are_recognised(self, codec, declared):
        raw = ORU.replace("UNICODE UTF-8", declared).encode(codec)
        message = parse(raw)
        assert message.get("PID-5.2") == "小明"
        assert write(message) == raw
        assert header_of(raw).sending_facility == "山口医院"

    def test_the_second_byte_of_a_character_is_no_separator(self):
        """GB 18030 uses the bytes of ^ | ~ and of the backslash as second bytes."""
        sample = next(chr(n) for n in range(0x4E00, 0x9FFF) if chr(n).encode("gb18030")[1:] == b"|")
        raw = ORU.replace("小明", sample).replace("UNICODE UTF-8", "GB 18030-2000").encode("gb18030")
        assert parse(raw).get("PID-5.2") == sample

    def test_the_endpoint_says_more_than_the_message(self):
        raw = ORU.encode("gb18030")
        with pytest.raises(Unreadable) as refused:
            parse(raw)
        assert (refused.value.reason, refused.value.place) == ("not-in-charset", "byte 15")
        assert parse(raw, "GBK").get("PID-5.1") == "王"
        assert header_of(raw, "GBK").sending_facility == "山口医院"


FIELDS = st.lists(st.text(st.sampled_from("aM9^&~\\#-_.+T 山é\x1b"), max_size=6), min_size=6, max_size=20)


@given(FIELDS, st.sampled_from(["", "GBK", "UNICODE UTF-8"]), st.sampled_from(["^~\\&", "^~\\", "*!%$"]))
def test_what_is_remembered_of_a_sender_changes_no_header(said, charset, marks):
    said[16:] = [charset] if len(said) > 16 else []
    for time, number in (("2026", "1"), ("20260301080000.12+0800", "a-2"), (said[5], said[5])):
        said[5:6], said[8:9] = [time], [number]
        line = "|".join(["MSH", marks, *said]).encode("gb18030" if charset == "GBK" else "utf-8")
        assert header_of(line + b"\rPID|1") == codec._read(line, None)


REFUSED = {
    "nothing": (b"", Problem("empty", "byte 0")),
    "blanks": (b" \r\n", Problem("empty", "byte 3")),
    "another format": (b"<html>", Problem("no-header", "byte 0")),
    "after a mark": (b"\xef\xbb\xbfPID|1", Problem("no-header", "byte 3")),
    "a batch": (b"BHS|^~\\&|\rMSH|^~\\&|", Problem("batch", "byte 0")),
    "no separators": (b"MSH", Problem("separators", "MSH-2")),
    "separators that are one": (b"MSH||||", Problem("separators", "MSH-2")),
    "separators that are letters": (b"MSHabcde", Problem("separators", "MSH-2")),
    "an unknown set": (of().replace(b"2.5\r", b"2.5||||||EBCDIC\r"), Problem("charset-unknown", "MSH-18")),
    "bytes of no set": (of("PID|\xff").replace(b"\xc3\xbf", b"\xff\xff"), Problem("not-in-charset", "byte 39")),
    "text after CR": (of("OBX|1|TX|A||one", "two"), Problem("not-a-segment", "line 3")),
    "a name too long": (of("PIDX|1"), Problem("not-a-segment", "line 2")),
    "two messages": (of("PID|1") + of(), Problem("second-header", "line 3")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_message_is_refused_with_its_place(name):
    raw, problem = REFUSED[name]
    with pytest.raises(Unreadable) as refused:
        parse(raw)
    assert refused.value.problem == problem


def test_an_endpoints_unknown_charset_is_refused():
    with pytest.raises(Unreadable, match="charset-unknown"):
        parse(of(), "EBCDIC")


def test_a_damaged_body_leaves_its_header_to_be_read():
    raw = MSH.encode() + b"\r\xff\xfe\x00 broken\rMSH|"
    assert header_of(raw) is not None
    assert header_of(raw).control_id == "M1"
    assert header_of(b"MSH|^~\\&|\xff\xff|B||||||7").control_id == "7"
    assert header_of(b"PID|1") is None
    assert header_of(b"xMSH|^~\\&|A") is None
    assert header_of(b"MSH") is None
    assert header_of(b"") is None


class TestEscapes:
    @pytest.mark.parametrize(
        ("raw", "text"),
        [
            (r"a\F\b\S\c\T\d\R\e\E\f", "a|b^c&d~e\\f"),
            (r"\H\重要\N\：", "重要："),
            (r"一\.br\二\.sp2\三\.in+4\四", "一\n二\n\n三四"),
            (r"\X41\\X0D0A\\XE78E8B\\X\ ", "A\r\n王 "),
            (r"\C2842\a\M242842\b\M2442\c", "abc"),
            (r"C:\temp\new \Zx\ \Q\ \X4\ \.b", r"C:\temp\new \Zx\ \Q\ \X4\ \.b"),
            (r"\E\F\E\ ", r"\F\ "),
            ("\\", "\\"),
        ],
    )
    def test_reading(self, raw, text):
        assert unescape(raw, PLAIN) == text

    @given(st.text(st.characters(codec="utf-8")))
    def test_what_is_written_is_read_back(self, text):
        raw = escape(text, PLAIN)
        assert not set(raw) & set("|^~&\r\n\v\x1c")
        assert unescape(raw, PLAIN) == text

    @given(st.text(st.sampled_from("!$%:;?@#" + string.ascii_letters)))
    def test_with_separators_of_ones_own(self, text):
        marks = separators_of("#", "@!$%")
        assert unescape(escape(text, marks), marks) == text

    def test_without_an_escape_character_a_separator_becomes_a_space(self):
        marks = separators_of("|", "^~")
        assert escape("a|b^c\rd", marks) == "a b c d"
        assert unescape("a\\F\\b", marks) == "a\\F\\b"


BYTES = st.one_of(
    st.binary(max_size=200),
    st.text(st.sampled_from('|^~\\&\r\n"MSHPIDOBXA1王\ufeff\v'), max_size=120).map(
        lambda t: ("MSH|^~\\&|" + t).encode()
    ),
)


class TestAnything:
    @given(BYTES, st.sampled_from([None, "GBK", "UNICODE UTF-8", "8859/1", "BIG-5", "KS X 1001"]))
    def test_it_is_read_and_written_to_the_byte_or_refused(self, raw, charset):
        try:
            message = parse(raw, charset)
        except Unreadable:
            pass
        else:
            assert write(message) == raw
            for segment in message.segments:
                for number in range(1, len(segment.fields)):
                    message.all(f"{segment.name or 'ZZZ'}-{number}.1")
        header_of(raw, charset)

    @given(BYTES)
    def test_the_header_is_that_of_the_message(self, raw):
        try:
            message = parse(raw)
        except Unreadable:
            return
        found = header_of(raw)
        assert found is not None
        assert found.control_id == message.header.control_id or not raw.isascii()

    @pytest.mark.parametrize(
        "piece", ["\\", "\\X41", "\\X4", "\\.br", "^", "&", "~", "|", "\n", "\nOBX", "\r", "王", "\\F\\", '"'], ids=repr
    )
    def test_work_grows_as_the_length_does(self, piece):
        """Counted in the characters that come out of it: what is read four times over is four times as much."""
        sizes = []
        for times in (1000, 4000):
            message = parse(of("OBX|1|TX|A||" + piece * times))
            sizes.append(sum(len(part) for path in ("OBX-5", "OBX-5.1", "OBX-5.1.1") for part in message.all(path)) + 1)
            assert write(message) == of("OBX|1|TX|A||" + piece * times)
        assert sizes[1] <= 4 * sizes[0] + 8
