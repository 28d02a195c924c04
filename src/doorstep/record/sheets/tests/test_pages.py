"""The pages of sheets: templates out, a file in, what it does said before and after, and the way back."""

from __future__ import annotations

import io
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from openpyxl import load_workbook

from doorstep.adapters.sheets.reading import tables
from doorstep.adapters.sheets.writing import Leaf, workbook
from doorstep.kernel.call import Call
from doorstep.kernel.models import TrailLine
from doorstep.record.sheets import jobs
from doorstep.record.sheets.actions import uploading
from doorstep.record.sheets.models import Import
from doorstep.record.sheets.reads.forms import FORMS
from doorstep.record.sheets.tests import kit
from doorstep.registers.staff.tests import factory as staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(source: UUID) -> Client:
    """A public health worker of the health centre."""
    return staff.client_of(staff.somebody(source, "public_health_worker", "赵公卫"))


def send(client: Client, raw: bytes, kind: str = "residents", name: str = "居民.csv", **more: Any) -> Any:
    return client.post("/sheets/upload", {"kind": kind, "file": SimpleUploadedFile(name, raw), **more})


def text(answer: Any) -> str:
    return answer.content.decode()


def expect(batch: UUID) -> dict[str, int]:
    return {"expect": kit.version(batch)}


def the_import() -> UUID:
    found: UUID = Import.objects.unscoped("test").latest("created_at").pk
    return found


def test_from_the_template_to_the_way_back(client: Client) -> None:
    page = client.get("/sheets/")
    assert "还没有导入过" in text(page)
    assert "/sheets/templates/residents.xlsx" in text(page)
    assert "/sheets/templates/institutions.xlsx" not in text(page)
    rows = [kit.resident(n) for n in range(1, 4)] + [kit.resident(4, id_number="1"), {"name": "=无号"}]
    book = workbook([Leaf("说明", [["x"]]), Leaf("居民", kit.titled("residents", *rows))])
    answer = send(client, book, name="居民 3月.xlsx")
    batch = the_import()
    assert answer.headers["Location"] == f"/sheets/{batch}/"
    page = client.get(f"/sheets/{batch}/")
    assert "正在检查" in text(page)
    assert 'hx-trigger="every 2s"' in text(page)
    jobs.run(kit_call())
    page = client.get(f"/sheets/{batch}/")
    assert "<strong>B5</strong> 身份证号 身份证号应为 18 位" in text(page)
    assert "<strong>A6</strong> 居民编号 居民编号和身份证号至少要填一个" in text(page)
    assert "写入没有错的行" in text(page)
    assert "王乙丑" not in text(page)
    assert "王乙丑" in text(client.get(f"/sheets/{batch}/?rows=new"))
    assert client.get(f"/sheets/{batch}/undo").status_code == 409
    assert client.post(f"/sheets/{batch}/apply", {"expect": 1}).status_code == 409
    answer = client.post(f"/sheets/{batch}/apply", expect(batch))
    assert answer.status_code == 302
    jobs.run(kit_call())
    assert "已新增" in text(client.get(f"/sheets/{batch}/"))
    assert "居民 3月.xlsx" in text(client.get("/sheets/?kind=residents&state=applied"))
    assert "没有符合条件的导入" in text(client.get("/sheets/?state=undone"))
    assert "3 行新增的内容会去掉。" in text(client.get(f"/sheets/{batch}/undo"))
    client.post(f"/sheets/{batch}/undo", expect(batch))
    jobs.run(kit_call())
    page = client.get(f"/sheets/{batch}/")
    assert "已撤销" in text(page)
    assert client.post(f"/sheets/{batch}/undo", expect(batch)).status_code == 409
    assert kit.living() == []


def kit_call() -> Call:
    from doorstep.kernel.testing.callers import system

    return system()


def test_the_file_with_errors_can_be_mended_and_sent_as_it_is(client: Client) -> None:
    send(client, kit.sheet("residents", kit.resident(1), kit.resident(2, name="=HYPERLINK(1)", sex="未定")))
    batch = the_import()
    kit.work_off()
    answer = client.get(f"/sheets/{batch}/rows.xlsx", headers={"X-Request-Id": "number-4711"})
    book = load_workbook(io.BytesIO(answer.content))
    lines = [[str(c.value or "") for c in row] for row in book.active.iter_rows()]
    assert lines[0][0].startswith("赵公卫 · ")
    assert lines[0][0].endswith("number-4711")
    assert lines[1][-2:] == ["结果", "需要改正"]
    assert lines[2][-2:] == ["将新增", ""]
    assert lines[3][-2:] == ["有错，不写入", "性别 “未定”不在可选的值里。请从模板的下拉列表中选择。"]
    assert not [c for row in book.active.iter_rows() for c in row if c.data_type == "f"]
    assert TrailLine.objects.filter(action="sheets.take_out", subject_id=str(batch)).exists()
    book.active.cell(4, 4).value = "女"
    out = io.BytesIO()
    book.save(out)
    send(client, out.getvalue(), name="改好.xlsx")
    mended = the_import()
    kit.work_off()
    assert kit.outcomes(mended) == "nn"
    assert kit.row(mended).unknown == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_templates_of_every_kind_are_sheets_of_that_kind(bureau: Client, language: str) -> None:
    """What is filled in below their titles is read; every list of values is there; every cell is text."""
    bureau.post("/language", {"language": language, "next": "/"})
    for kind, form in FORMS.items():
        for ending in ("xlsx", "csv"):
            answer = bureau.get(f"/sheets/templates/{kind}.{ending}")
            assert answer.status_code == 200, (kind, ending)
            first = next(iter(tables(answer.content)))
            [titles] = first.rows
            wanted = [c.en if language == "en" else c.zh for c in form.columns]
            assert [str(t).rstrip("*") for t in titles.cells] == wanted
        book = load_workbook(io.BytesIO(bureau.get(f"/sheets/templates/{kind}.xlsx").content))
        leaf = book.worksheets[0]
        assert len(leaf.data_validations.dataValidation) == sum(bool(c.codes) for c in form.columns)
        assert {leaf.column_dimensions[c].number_format for c in "ABC"} == {"@"}
    assert bureau.get("/sheets/templates/nothing.xlsx").status_code == 404


@pytest.fixture
def bureau(source: UUID, monkeypatch: pytest.MonkeyPatch) -> Client:
    """One who may send every kind."""
    from doorstep.registers.staff.rules import ROLES

    role = ROLES["bureau_manager"]
    more = role.permissions | {"residents.edit", "sheets.records"}
    monkeypatch.setitem(ROLES, "bureau_manager", type(role)(role.title, role.sentence, more, role.reach, role.purpose))  # type: ignore[index]  # a plain dict
    return staff.client_of(staff.somebody(source, "bureau_manager", "张管理"))


def test_files_that_cannot_be_used_are_refused_in_words(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    cases = {
        b"\xd0\xcf\x11\xe0" + bytes(99): "请另存为不加密码的 .xlsx",
        b"PK\x03\x04zzzz": "文件打不开",
        b"a,b\n1,2\n": "没有找到标题行",
        kit.sheet("residents"): "标题行下面没有数据",
        b"": "文件是空的",
        "姓名,姓名,居民编号\n王,王,P1\n".encode("gb18030"): "B1 的标题“姓名”出现了两次",
    }
    for raw, words in cases.items():
        answer = send(client, raw)
        assert answer.status_code == 422, words
        assert words in text(answer)
    assert "请选择一个文件。" in text(client.post("/sheets/upload", {"kind": "residents"}))
    assert send(client, kit.sheet("residents", kit.resident(1)), kind="staff").status_code == 422
    assert not Import.objects.unscoped("test").exists()
    monkeypatch.setattr(uploading, "MOST_OPEN", 1)
    send(client, kit.sheet("residents", kit.resident(1)))
    assert "本机构有 1 个导入还没有处理完" in text(send(client, kit.sheet("residents", kit.resident(2))))


def test_a_file_that_is_too_large_is_told_and_not_kept(client: Client) -> None:
    answer = send(client, b"a" * (uploading.LIMITS.size + 1))
    assert answer.status_code == 422
    assert "文件超过 10 MB" in text(answer)


def test_the_same_file_is_said_to_be_there(client: Client) -> None:
    send(client, kit.sheet("residents", kit.resident(1)))
    answer = send(client, kit.sheet("residents", kit.resident(1)))
    assert answer.headers["Location"] == f"/sheets/{the_import()}/"
    assert "这个文件以前上传过" in text(client.get(answer.headers["Location"]))
    assert Import.objects.unscoped("test").count() == 1


def test_others_see_and_move_nothing(client: Client, clerk: Call, other: UUID) -> None:
    batch = kit.checked(clerk, "residents", kit.resident(1))
    away = staff.client_of(staff.somebody(other, "public_health_worker", "钱公卫"))
    assert "还没有导入过" in text(away.get("/sheets/"))
    for part in ("", "rows.xlsx", "undo"):
        assert away.get(f"/sheets/{batch}/{part}").status_code == 404
    for part in ("apply", "again", "drop", "undo"):
        assert away.post(f"/sheets/{batch}/{part}", expect(batch)).status_code == 404
    office = staff.client_of(staff.somebody(other, "office_worker", "孙文员"))
    assert office.get("/sheets/").status_code == 403
    assert kit.row(batch).state == "checked"


def test_long_lists_have_pages(client: Client, clerk: Call) -> None:
    batch = kit.checked(clerk, "followups", *[kit.followup(n) for n in range(40)])
    page = text(client.get(f"/sheets/{batch}/"))
    assert page.count("patient") == 0
    assert "<strong>A31</strong>" in page
    assert "<strong>A32</strong>" not in page
    after = page.split("after=", 1)[1].split('"', 1)[0].replace("&amp;", "&")
    assert "<strong>A41</strong>" in text(client.get(f"/sheets/{batch}/?rows=refused&after={after}"))
    assert client.get(f"/sheets/{batch}/?rows=refused&after=x").status_code == 400
