"""What is wrong with a file, a cell or a row, and what to do: Chinese, translated by the room's catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_ = str  # marks what catalogues translate; this file knows no frame

SENTENCES: Final[Mapping[str, str]] = {
    "sheet.empty": _("文件是空的。请重新选择文件。"),
    "sheet.none": _("请选择一个文件。"),
    "sheet.size": _("文件超过 {megabytes} MB。请拆成几个文件。"),
    "sheet.old": _("这是旧格式（.xls）或加了密码的文件。请另存为不加密码的 .xlsx，再上传。"),
    "sheet.kind": _("这不是 Excel（.xlsx）或 CSV 文件。请下载模板填写。"),
    "sheet.broken": _("文件打不开，可能已损坏。请用 Excel 或 WPS 打开，另存为 .xlsx，再上传。"),
    "sheet.bomb": _("文件解压后太大，没有打开。请把需要的内容复制到模板里，再上传。"),
    "sheet.hostile": _("文件里有不允许的 XML 声明，没有打开。请把需要的内容复制到模板里，再上传。"),
    "sheet.encoding": _("第 {place} 行有不认识的编码。请在 Excel 或 WPS 里另存为 .xlsx，再上传。"),
    "sheet.csv": _("第 {place} 行的引号或逗号不成对。请在 Excel 或 WPS 里另存为 .xlsx，再上传。"),
    "sheet.rows": _("行数超过 {most} 行。请拆成几个文件。"),
    "sheet.columns": _("{place} 超出了 {most} 列。请删去右边多余的列。"),
    "sheet.cell": _("{place} 的内容超过 {most} 个字。请缩短。"),
    "sheet.no_header": _("没有找到标题行。前 15 行里应有一行写着：{titles}。请下载模板，把数据粘贴进去。"),
    "sheet.columns_missing": _("标题行（第 {row} 行）缺少：{titles}。请补上这些列。"),
    "sheet.column_twice": _("{place} 的标题“{title}”出现了两次。请删去一列。"),
    "sheet.nothing": _("标题行下面没有数据。"),
    "sheet.no_institution": _("您现在的岗位不属于任何机构，不能导入。"),
    "sheet.busy": _("本机构有 {most} 个导入还没有处理完。请先应用或放弃。"),
    "cell.empty": _("必须填写。"),
    "cell.rounded": _("“{value}”是数字格式，末几位已经丢失。请把这一列设为文本格式，重新填写号码。"),
    "cell.error": _("“{value}”是公式的错误。请改成实际的值。"),
    "cell.long": _("超过 {most} 个字。请缩短。"),
    "cell.code": _("“{value}”不在可选的值里。请从模板的下拉列表中选择。"),
    "cell.number": _("“{value}”不是数字。只填数字，不要单位。"),
    "cell.range": _("{value} 不在 {low} 到 {high} 之间。请核对。"),
    "cell.places": _("{value} 的小数最多 {places} 位。"),
    "cell.date": _("“{value}”不是能认的日期。请写成 2026-03-12 这样。"),
    "cell.future": _("日期 {value} 还没有到。"),
    "cell.phone": _("“{value}”不是电话号码。"),
    "row.either": _("居民编号和身份证号至少要填一个。"),
    "row.twice": _("与第 {row} 行重复。请删去一行。"),
    "row.unlike": _("同一编号，与第 {row} 行写的不一样。请改成一致。"),
    "row.birth": _("没有身份证号时，要填出生日期。"),
    "row.archive": _("健康档案编号应是 17 位数字。"),
    "row.pressure": _("收缩压和舒张压要一起填。"),
    "row.pressure_order": _("舒张压 {low} 不低于收缩压 {high}。可能填反了。"),
    "row.glucose": _("血糖和血糖类型要一起填。"),
    "row.nothing": _("血压、心率、血糖至少要填一项。"),
    "row.no_count": _("床位、职工、医师、护士至少要填一项。"),
    "row.more_than_staff": _("{number} 人超过了职工总数 {staff} 人。请核对。"),
    "row.failed": _("处理这一行时出错（{detail}）。请稍后再检查一次；再不行，请告诉管理员。"),
    "patient.unknown": _("本机构没有登记这位居民。请核对编号，或先导入居民表。"),
    "patient.two": _("本机构有多条记录用这个号码。请改用另一个号码。"),
    "patient.unlike": _("编号和身份证号是两个人的。请核对。"),
    "patient.name": _("与登记的姓名不一致。请核对编号有没有填错。"),
    "changed_since": _("导入以后有人改过，保留现在的内容。"),
    "in_use": _("已有别的记录与它有关，不能去掉。"),
}
