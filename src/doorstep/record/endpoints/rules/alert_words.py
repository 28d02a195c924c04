"""What an alert says: (Chinese, English) of its name, of what is so, and of what to do."""

from __future__ import annotations

from typing import Final

from doorstep.record.endpoints.rules.watching import Kind

Words = tuple[str, str]
WORDS: Final[dict[Kind, tuple[Words, Words, Words]]] = {
    Kind.SILENT: (
        ("久未收到报文", "no messages"),
        ("已有 {value} 分钟没有收到报文（超过 {limit} 分钟就提醒）",
         "no message for {value} minutes (told after {limit})"),
        ("请问对方系统是否停机、网络是否通；对方没有要发的，把时限调长",
         "ask whether the sender is down or its network cut; where it has nothing to send, lengthen the limit"),
    ),
    Kind.FAULTS: (
        ("出错过多", "many faults"),
        ("最近 {minutes} 分钟有 {value}% 的报文不能采用（超过 {limit}% 就提醒）",
         "{value}% of the messages of the last {minutes} minutes cannot be used (told above {limit}%)"),
        ("看待处理的报文的原因，多半是对方改了格式；改好转换规则或请对方改正后重放",
         "look at the reasons among the rests: most often the sender has changed its format; mend the mapping or ask"
         " the sender, then replay"),
    ),
    Kind.BEHIND: (
        ("处理落后", "behind"),
        ("最早的一件已等了 {value} 秒（超过 {limit} 秒就提醒）",
         "the oldest has waited {value} s (told above {limit} s)"),
        ("看后台进程是否在运行；报文太多时再开几个 doorstep worker",
         "see whether a worker runs; where much comes in start more of them (doorstep worker)"),
    ),
    Kind.RESTS: (
        ("有待处理的报文", "messages rest"),
        ("有 {value} 件报文不能采用，等人处理（超过 {limit} 件就提醒）",
         "{value} messages cannot be used and wait for a person (told above {limit})"),
        ("打开待处理的报文，修正、重放或放弃", "open the rests: mend, replay or dismiss them"),
    ),
    Kind.CERTIFICATE: (
        ("接口证书快到期", "the endpoint's certificate ends"),
        ("接口的 TLS 证书还有 {value} 天到期（少于 {limit} 天就提醒）",
         "the endpoint's TLS certificate ends in {value} days (told below {limit})"),
        ("换上新证书文件，几秒钟后生效；证书由自己签发的，也要给对方",
         "put the new file in its place, it holds within seconds; the sender needs one that you signed yourself"),
    ),
    Kind.OUTBOX: (
        ("内部消息没有送出", "events are not delivered"),
        ("最早的一条内部消息已等了 {value} 秒（超过 {limit} 秒就提醒）",
         "the oldest event has waited {value} s (told above {limit} s)"),
        ("看后台进程是否在运行，日志里有没有反复出错的处理",
         "see whether a worker runs, and whether the log tells of one handler that fails again and again"),
    ),
    Kind.DEAD: (
        ("有未送达的内部消息", "dead letters"),
        ("有 {value} 条内部消息多次投递失败（超过 {limit} 条就提醒）",
         "{value} events failed at every try (told above {limit})"),
        ("在“未送达消息”中看原因，重新投递或放弃", "see why among the undelivered messages; replay or dismiss them"),
    ),
    Kind.DISK: (
        ("磁盘快满", "the disk is nearly full"),
        ("数据目录所在的磁盘已用 {value}%（超过 {limit}% 就提醒）",
         "{value}% of the data folder's disk is used (told above {limit}%)"),
        ("清理或扩大磁盘；写满后收到的报文不会应答", "free or add space: on a full disk no message is acknowledged"),
    ),
    Kind.CLOCK: (
        ("时钟不一致", "clocks apart"),
        ("本机与数据库的时钟相差 {value} 秒（超过 {limit} 秒就提醒）",
         "the clocks of this machine and of the database are {value} s apart (told above {limit} s)"),
        ("两台机器都与同一时间源同步", "let both follow the same source of time"),
    ),
    Kind.HOUSE_CERTIFICATE: (
        ("网站证书快到期", "the house's certificate ends"),
        ("网站的 TLS 证书还有 {value} 天到期（少于 {limit} 天就提醒）",
         "the TLS certificate of the pages ends in {value} days (told below {limit})"),
        ("换上新证书后重新启动；自签的证书在重新启动时更换",
         "give a new one and restart; one of its own is renewed by a restart"),
    ),
}  # fmt: skip


def _said(words: Words, language: str) -> str:
    return words[1 if language.startswith("en") else 0]


def title(kind: Kind, language: str) -> str:
    """Its name; Chinese unless the language is English."""
    return _said(WORDS[kind][0], language)


def what(kind: Kind, *, value: float, limit: int, minutes: int, language: str) -> str:
    """What is so."""
    return _said(WORDS[kind][1], language).format(value=f"{value:.0f}", limit=limit, minutes=minutes)


def advice(kind: Kind, language: str) -> str:
    """What to do."""
    return _said(WORDS[kind][2], language)
