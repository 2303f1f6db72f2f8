"""What chat tools, mails, pages, screenshots and exports make of an alarm: from a clean text to a dressed one.

By the layer in which it happens: what a reader of screenshots misreads, how labels are shown, where lines are broken,
what is wrapped around. Two of different layers may be worn at a time, the inner one first.
"""

from __future__ import annotations

import base64
import html
import json
import quopri
import re
import unicodedata
from collections.abc import Callable

Clothes = Callable[[str], str]
LABELS = ("Appid", "昵称", "时间", "内容", "次数", "错误样例", "报警排查指引，请见")
_ANY = "|".join((*LABELS, "Appld", "时问", "错误祥例", "呢称", "次教", "错误 样例"))
_LINE = re.compile(rf"^({_ANY})[:：] ?(.*(?:\n(?!(?:{_ANY})[:：]).*)*)", re.MULTILINE)
OTHER_WORDS = {
    "Appid": "应用ID",
    "昵称": "公众号",
    "时间": "开始时间",
    "内容": "问题描述",
    "次数": "累计次数",
    "错误样例": "错误详情",
    "报警排查指引，请见": "指引链接",
}
SYNONYMS = {
    "Appid": "AppID",
    "昵称": "公众号名称",
    "时间": "发生时间",
    "内容": "告警内容",
    "次数": "失败次数",
    "错误样例": "错误示例",
    "报警排查指引，请见": "排查指引",
}


def lines_of(text: str) -> list[tuple[str, str]]:
    """The labels of a clean alarm with their values."""
    return [(label, value.rstrip("\n")) for label, value in _LINE.findall(text)]


def each(form: str, *, labels: dict[str, str] | None = None, between: str = "\n", head: str = "") -> Clothes:
    """Every line in a form with {label}, {value} and {number}."""

    def dressed(text: str) -> str:
        lines = [
            form.format(label=(labels or {}).get(label, label), value=value, number=number)
            for number, (label, value) in enumerate(lines_of(text), 1)
        ]
        return head + between.join(lines)

    return dressed


def broken(width: int, *, mark: str = "") -> Clothes:
    """Every line broken at a width."""

    def dressed(text: str) -> str:
        lines = [line[at : at + width] for line in text.split("\n") for at in range(0, max(1, len(line)), width)]
        return "\n".join(mark + line for line in lines)

    return dressed


def replaced(*pairs: tuple[str, str]) -> Clothes:
    """Some words in place of others."""

    def dressed(text: str) -> str:
        for old, new in pairs:
            text = text.replace(old, new)
        return text

    return dressed


def around(before: str, behind: str = "") -> Clothes:
    """Text before and behind."""
    return lambda text: before + text + behind


def spaced(text: str) -> str:
    """Blanks between some Chinese characters, as readers of screenshots put them."""
    text = text.replace("微信服务器", "微信 服务 器").replace("分钟", " 分 钟")
    return text.replace("错误样例", "错误 样例")


def as_pairs(text: str) -> dict[str, str]:
    """The alarm as a document with its labels as keys."""
    return dict(lines_of(text))


def feishu(text: str) -> str:
    """A rich text message of Feishu."""
    rows = [[{"tag": "text", "text": f"{label}: "}, {"tag": "text", "text": value}] for label, value in lines_of(text)]
    return json.dumps({"msg_type": "post", "content": {"post": {"zh_cn": {"content": rows}}}}, ensure_ascii=False)


def card(text: str) -> str:
    """A card of WeCom: keys and values in a list."""
    rows = [{"keyname": label, "value": value} for label, value in lines_of(text)]
    return json.dumps({"template_card": {"horizontal_content_list": rows}}, ensure_ascii=False)


def nested(depth: int, *, ascii_only: bool) -> Clothes:
    """A JSON string within JSON strings."""

    def dressed(text: str) -> str:
        for _ in range(depth):
            text = json.dumps({"msgtype": "text", "text": {"content": text}}, ensure_ascii=ascii_only)
        return text

    return dressed


def cells(name: str, value: str, row: str) -> Clothes:
    """A table of a page, or a list of definitions."""

    def dressed(text: str) -> str:
        rows = [
            f"<{row}><{name}>{html.escape(label)}</{name}>\n<{value}>{html.escape(found)}</{value}></{row}>"
            for label, found in lines_of(text)
        ]
        return f"<div>{''.join(rows)}</div>"

    return dressed


def quoted_printable(text: str) -> str:
    """The source of a mail."""
    return "Content-Transfer-Encoding: quoted-printable\n\n" + quopri.encodestring(text.encode()).decode()


def base64_part(text: str) -> str:
    """The source of a mail of most Chinese programs."""
    code = base64.encodebytes(text.encode()).decode()
    return f"MIME-Version: 1.0\nContent-Transfer-Encoding: base64\nContent-Type: text/plain; charset=utf-8\n\n{code}"


def soft_breaks(text: str) -> str:
    """Of a mail's source only the soft breaks and the coded equals signs."""
    if "=" not in text:
        return text
    return re.sub(r"((?:=3D|[^\n]){70})(?!\n)", r"\1=\n", text.replace("=", "=3D"))


def listed(quote: str) -> Clothes:
    """A printed list of its lines."""

    def dress(text: str) -> str:
        lines = [f"{label}: {value}" for label, value in lines_of(text)]
        return "[" + ", ".join(quote + line + quote for line in lines) + "]"

    return dress


def row(mark: str, rule: str = "") -> Clothes:
    """A row of a table below a row of labels."""

    def dress(text: str) -> str:
        pairs = lines_of(text)
        if len(pairs) < 4 or not {"内容", "次数", "错误样例"}.intersection(label for label, _ in pairs):
            return text
        if any(mark in value or "\n" in value for _, value in pairs):
            return text
        edge = mark.strip()
        rows = [mark.join(cells) for cells in zip(*pairs, strict=True)]
        rows = [f"{edge} {one} {edge}" if edge else one for one in rows]
        return "\n".join((rows[0], rule * len(pairs), *rows[1:]) if rule else rows)

    return dress


def in_order(*first: str) -> Callable[[list[tuple[str, str]]], list[tuple[str, str]]]:
    """The lines with these labels before all others."""
    return lambda lines: sorted(lines, key=lambda line: first.index(line[0]) if line[0] in first else len(first))


def time_first(text: str) -> str:
    """A robot that prints the time above the account."""
    lines = in_order("时间")(lines_of(text))
    return "\n".join(f"{label}: {value}" for label, value in lines)


def sheet(text: str) -> str:
    """A sheet with the time in its first column, and one of its own in between."""
    if "内容" not in text:
        return text
    lines = in_order("时间", "内容")(lines_of(text))
    lines.insert(2, ("处理人", "张三"))
    if len(lines) < 5 or any("\t" in value or "\n" in value for _, value in lines):
        return text
    return "\n".join("\t".join(cells) for cells in zip(*lines, strict=True))


def exported(text: str) -> str:
    """A row of an export, all cells in quotes, with a column of its own in front."""
    lines = [("序号", "1"), *in_order("时间", "Appid")(lines_of(text))]
    if len(lines) < 6 or "内容" not in text or any(set(value) & set('"\n') for _, value in lines):
        return text
    return "\r\n".join(",".join(f'"{cell}"' for cell in cells) for cells in zip(*lines, strict=True))


def sorted_keys(text: str) -> str:
    """A document as a program writes it that sorts keys."""
    return json.dumps(as_pairs(text), ensure_ascii=False, sort_keys=True)


def fields(text: str) -> str:
    """A card of Feishu: a label and its value in one string."""
    rows = [
        {"is_short": True, "text": {"tag": "lark_md", "content": f"**{name}**\n{value}"}}
        for name, value in lines_of(text)
    ]
    return json.dumps({"msg_type": "interactive", "card": {"elements": [{"tag": "div", "fields": rows}]}}, indent=2)


def printed(text: str) -> str:
    """A line of a robot's log: an object as a program prints it, its quotes as they are."""
    if set(text) & set("\"'\\"):
        return text
    content = text.replace("\n", "\\n")
    return f"2024-11-05 10:05:01.512 INFO recv: Message(id=7, content={content}, from=robot)"


def pane(width: int) -> Clothes:
    """What is copied out of a pane of a terminal."""

    def dressed(text: str) -> str:
        rows = [""]
        for char in text:
            if char == "\n" or columns(rows[-1] + char) > width:
                rows.append("")
            rows[-1] += char.strip("\n")
        return "\n".join(f"{row}{' ' * (width - columns(row))} │" for row in rows)

    return dressed


def columns(text: str) -> int:
    """How wide a text is in a terminal."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def between(text: str) -> str:
    """A sender's line in between, as where a forwarded alarm fell into two messages."""
    return text.replace("\n内容", "\n张三 2024-11-05 10:03:21\n内容", 1)


MISREAD: dict[str, Clothes] = {
    "时问": replaced(("\n时间", "\n时问"), ("\n错误样例", "\n错误祥例")),
    "呢称": replaced(("\n昵称", "\n呢称"), ("\n次数", "\n次教")),
    "Appld": replaced(("Appid", "Appld")),
    "OpenlD": replaced(("[OpenID", "[OpenlD"), ("[IP", "[lP")),
    "0penID": replaced(("[OpenID", "[0penID"), ("OuterIP", "Outer1P")),
    "cURI": replaced(("cURL", "cURI")),
    "3rdUrI": replaced(("3rdUrl", "3rdUrI"), ("Stamp", "5tamp")),
    "wide equals signs": lambda text: re.sub(r"(\[[A-Za-z]\w+)=", r"\1＝", text),
    "wide colons": replaced((": ", "：")),
    "blanks inside words": spaced,
}
SHOWN: dict[str, Clothes] = {
    "bold label": each("**{label}**: {value}"),
    "bold label, wide colon": each("**{label}**：{value}"),
    "bold label with its colon": each("**{label}:** {value}"),
    "bold both": each("**{label}:** **{value}**"),
    "slack bold": each("*{label}:* {value}"),
    "italics": each("_{label}_: {value}"),
    "code": each("{label}: `{value}`"),
    "list and bold": each("- **{label}**: {value}"),
    "list": each("- {label}: {value}"),
    "bullets": each("• {label}：{value}"),
    "stars": each("* {label}: {value}"),
    "numbers": each("{number}. {label}: {value}"),
    "numbers, Chinese": each("{number}、{label}：{value}"),
    "numbers, no colon": each("{number}. {label} {value}"),
    "headings": each("## {label}\n{value}"),
    "table": each("| {label} | {value} |", head="| 项 | 值 |\n|---|---|\n"),
    "table of a terminal": each("│ {label} │ {value} │"),
    "TAB": each("{label}\t{value}"),
    "two blanks": each("{label}  {value}"),
    "one blank": each("{label} {value}"),
    "no colon, wide blank": each("{label}\u3000{value}"),
    "lenticular": each("【{label}】{value}"),
    "lenticular, colon": each("【{label}】：{value}"),
    "brackets": each("[{label}] {value}"),
    "equals signs": each("{label} = {value}"),
    "arrows": each("{label} -> {value}"),
    "bars": each("{label} | {value}"),
    "wide bars": each("{label}｜{value}"),
    "yaml": each('{label}: "{value}"'),
    "numbers in circles": lambda text: "\n".join(
        f"{'①②③④⑤⑥⑦'[number]} {label}：{value}" for number, (label, value) in enumerate(lines_of(text))
    ),
    "yaml, folded": lambda text: "\n".join(
        f"  {label}: >-\n    {value}" if label == "内容" else f"  {label}: {value}" for label, value in lines_of(text)
    ),
    "yaml, partly quoted": lambda text: "\n".join(
        f'  {label}: "{value}"' if label in ("昵称", "时间", "次数") else f"  {label}: {value}"
        for label, value in lines_of(text)
    ),
    "value below": each("{label}:\n{value}"),
    "value below, no colon": each("{label}\n{value}"),
    "value below, blank line": each("**{label}**\n\n{value}"),
    "synonyms": each("{label}: {value}", labels=SYNONYMS),
    "synonyms, bold": each("**{label}**：{value}", labels=SYNONYMS),
    "other words": each("{label}：{value}", labels=OTHER_WORDS),
    "other words, bold": each("**{label}**: {value}", labels=OTHER_WORDS),
    "titles": each("《{label}》：{value}"),
    "fat arrows": each("{label} => {value}"),
    "two colons": each("{label}::{value}"),
    "a mathematician's colon": each("{label}∶{value}"),
    "numbers, wide": each("{number}．{label}：{value}"),
    "type": each("{label}: {value}", labels={"内容": "错误类型"}),
    "short type": each("{label}：{value}", labels={"内容": "类型"}),
    "pictures": each("⚠️ {label}：{value}"),
}
BROKEN: dict[str, Clothes] = {
    "inside a URL": replaced(("/callback", "/call\nback")),
    "inside cURL Error": replaced(("[cURL Error", "[cURL\nError")),
    "inside an Event, at a blank": replaced(("Send Job", "Send\nJob"), ("Click Menu", "Click\nMenu")),
    "inside an Event, in a word": replaced(("Template", "Tem\nplate"), ("Subscribe", "Subs\ncribe")),
    "inside a Stamp": lambda text: re.sub(r"(\[Stamp=\d{5})", r"\1\n", text),
    "inside a count": replaced(("分钟 ", "分钟\n")),
    "inside a count's number": lambda text: re.sub(r"(分钟 ?\d)(\d+次)", r"\1\n\2", text),
    "inside an appid": lambda text: re.sub(r"(Appid: wx0{4})", r"\1\n", text),
    "before 次": lambda text: re.sub(r"(分钟 ?\d+)次", r"\1\n次", text),
    "inside a time": lambda text: re.sub(r"(?m)^(时间: \S+) ", r"\1\n", text),
    "inside a 内容": replaced(("消息或事件", "消息\n或事件"), ("支付完成", "支付\n完成")),
    "at 72": broken(72),
    "at 76": broken(76),
    "at 80": broken(80),
    "at 40": broken(40),
    "CRLF at 76": lambda text: broken(76)(text).replace("\n", "\r\n"),
}
MARKUP: dict[str, Clothes] = {
    "font": each('<font color="warning">{label}</font>: {value}'),
    "font, value": each('{label}: <font color="comment">{value}</font>'),
    "Feishu's tags": each('<text_tag color="red">{label}</text_tag> {value}'),
    "WeCom markdown": each('> {label}：<font color="comment">{value}</font>'),
    "quotes": lambda text: "\n".join(f"{json.dumps(label)}: {json.dumps(value)}" for label, value in lines_of(text)),
    "English keys": lambda text: json.dumps(
        {{"错误样例": "sample"}.get(name, name): value for name, value in as_pairs(text).items()}, ensure_ascii=False
    ),
    "JSON keys": lambda text: json.dumps(as_pairs(text), ensure_ascii=False),
    "JSON keys, indented": lambda text: json.dumps(as_pairs(text), ensure_ascii=False, indent=2),
    "JSON keys, escaped": lambda text: json.dumps(as_pairs(text)),
    "a printed dict": lambda text: repr(as_pairs(text)),
    "Feishu post": feishu,
    "WeCom card": card,
    "JSON keys, sorted": sorted_keys,
    "Feishu fields": fields,
    "a link": lambda text: re.sub("报警排查指引，请见: (\\S+)", r"[报警排查指引](\1)", text),
    "page table": cells("td", "td", "tr"),
    "page table with heads": cells("th", "td", "tr"),
    "page definitions": cells("dt", "dd", "dl"),
    "page paragraphs": each("<p><b>{label}</b>: {value}</p>", between=""),
}
AROUND: dict[str, Clothes] = {
    "at 72, quoted": broken(72, mark="> "),
    "at 60, quoted twice": broken(60, mark="> > "),
    "at 100, in a pane": pane(100),
    "quoted": lambda text: "\n".join("> " + line for line in text.split("\n")),
    "WeChat's export": around("微信公众平台报警 5-30 13:04:55\n", "\n\n张三 5-30 13:05:01\n收到，我看看"),
    "WeCom's export": around("【报警机器人】 11/5 10:00:12\n", "\n李四 11/5 10:01:00\n@王五 看一下"),
    "DingTalk's export": around("钉钉群机器人(10:00:12)：\n", "\n王五(10:01:00)：好的"),
    "forwarded": around("------ 转发的消息 ------\n发件人: 张三 <zhang@example.com>\n主题: 报警\n\n", "\n\n-- \n张三"),
    "a sender in between": between,
    "JSON": nested(1, ascii_only=True),
    "JSON, escaped": nested(1, ascii_only=False),
    "JSON in JSON": nested(2, ascii_only=False),
    "JSON in JSON, escaped": nested(2, ascii_only=True),
    "JSON in JSON in JSON": nested(3, ascii_only=True),
    "quoted-printable": quoted_printable,
    "base64": base64_part,
    "soft breaks": soft_breaks,
    "a code block": around("看下这个\n```\n", "\n```\n"),
}
JOINED: dict[str, Clothes] = {
    "a printed string": lambda text: f"message {text!r}, seen",
    "a printed message": lambda text: repr({"content": text, "n": 1}),
    "CDATA": around("<msg><content><![CDATA[", "]]></content></msg>"),
    "semicolons": each("{label}: {value}", between="; "),
    "wide semicolons": each("{label}：{value}", between="；"),
    "a printed list": listed("'"),
    "a list of JSON": listed('"'),
    "English keys": lambda text: json.dumps(
        {{"Appid": "appid", "昵称": "nickname", "时间": "time", "内容": "content", "次数": "count",
          "错误样例": "sample"}.get(name, name): value for name, value in as_pairs(text).items()},
        ensure_ascii=False,
    ),
    "a list of JSON, indented": each('  "{label}: {value}",', head="[\n"),
    "a robot's log": printed,
    "the time first": time_first,
    "a sheet, the time first": sheet,
    "CSV": exported,
    "a row of a sheet": row("\t"),
    "a row of Markdown": row(" | ", "|---"),
}  # fmt: skip
"""All of an alarm in one line, or glued to what is around it: worn alone."""
PAIRS: tuple[tuple[dict[str, Clothes], dict[str, Clothes]], ...] = (
    *((MISREAD, outer) for outer in (SHOWN, BROKEN, MARKUP, AROUND)),
    *((SHOWN, outer) for outer in (BROKEN, AROUND)),
    *((BROKEN, outer) for outer in (MARKUP, AROUND)),
    (MARKUP, AROUND),
)
"""What may be worn over what: a page shows no markup of its own, and a mail program does not break it."""
UNTOLD = {
    ("blanks inside words", "quotes"),
    ("blanks inside words", "JSON keys, escaped"),
    ("blanks inside words", "Feishu fields"),
    ("时问", "yaml, partly quoted"),
    ("equals signs", "soft breaks"),
    ("fat arrows", "soft breaks"),
    ("wide equals signs", "quoted-printable"),
}
"""What leaves no sign of the one behind the other."""


def wearable(inner: str, outer: str) -> bool:
    """Whether two of a pair go together."""
    if (inner, outer) in UNTOLD or (inner in MARKUP and outer.startswith("at ")):
        return False
    return inner not in ("bold both", "code") or not (outer in BROKEN or outer.startswith("at "))


ALL = MISREAD | SHOWN | BROKEN | MARKUP | AROUND | JOINED
