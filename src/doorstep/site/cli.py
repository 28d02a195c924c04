"""The command ``doorstep``: everything that people and systemd call."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from doorstep.kernel import secret_files
from doorstep.site import edge

Run = Callable[[argparse.Namespace, str], int]


@contextmanager
def house() -> Iterator[str]:
    """Django set up on a running database (the embedded one, unless another is given); yields its address."""
    from doorstep.kernel import postgres
    from doorstep.site import sharing

    if not secret_files.given("DOORSTEP_DATABASE_URL"):
        os.environ["DOORSTEP_EMBEDDED"] = "1"
    with postgres.database() as dsn:
        if os.environ.get("DOORSTEP_EMBEDDED") == "1":
            os.environ["DOORSTEP_DATABASE_URL"] = dsn
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "doorstep.site.settings")
        import django

        django.setup()
        sharing.calm_collector()
        yield dsn


def _migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


def _demand_sound() -> None:
    """Refuse to start where a check of the house fails: a URL without an access rule, a key that points up …"""
    from django.core.management import call_command

    call_command("check", fail_level="ERROR")


def _serve(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import reindex, serve

    _demand_sound()
    _migrate()
    reindex.tell_if_old()
    return serve.everything(options.host, options.port, options.edge)


def _part(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import serve

    return serve.PARTS[options.command](options.host, options.port, options.edge)


def _worker(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import serve

    return serve.worker(dsn)


def _mllp(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import mllp

    return mllp.run(options.host)


def _metrics(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import scrape

    sys.stdout.write(scrape.told().decode())
    return 0


def _demo(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import demo_house, serve

    _migrate()
    demo_house.build(options.residents, options.seed)
    if options.no_serve:
        return 0
    demo_house.receive(options.seed)
    demo_house.tell(f"{options.edge.scheme}://{options.host}:{options.port}/")
    return serve.everything(options.host, options.port, options.edge)


def _ingest(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import ingest

    _migrate()
    return ingest.run(options.paths, options.source, quiet=options.quiet, workers=max(1, options.workers))


def _publish(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import publish

    _migrate()
    return publish.run(options.after)


def _messages(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import desk

    return desk.DO[options.act](options)


def _reindex(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import reindex

    _migrate()
    return reindex.run(options.types, every=options.all, quiet=options.quiet)


def _match(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import matching

    _migrate()
    return matching.run(options)


def _check(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import fitness

    return fitness.run(options)


def _trail(options: argparse.Namespace, dsn: str) -> int:
    from doorstep.site import trail_desk

    return trail_desk.DO[options.act](options)


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    top = argparse.ArgumentParser(prog="doorstep", description="家门口 Doorstep")
    commands = top.add_subparsers(dest="command", required=True, metavar="command")

    def add(name: str, run: Run, words: str, *, listens: bool = False) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=words, description=words)
        made.set_defaults(run=run)
        if listens:
            made.add_argument("--host", default=os.environ.get("DOORSTEP_HOST", "127.0.0.1"))
            made.add_argument("--port", type=int, default=int(os.environ.get("DOORSTEP_PORT", "8000")))
            edge.grammar(made)
        return made

    add(
        "serve",
        _serve,
        "启动全部 / start everything: database, migrations, pages, FHIR door, worker, HL7 v2 listener",
        listens=True,
    )
    add("pages", _part, "只启动页面 / the pages alone", listens=True)
    add("fhir", _part, "只启动 FHIR 接口 / the FHIR door alone", listens=True)
    add("worker", _worker, "只启动后台进程 / the worker alone")
    add_mllp = add(
        "mllp", _mllp, "只启动 HL7 v2 接口 / the HL7 v2 listener (MLLP) alone; its ports are those of the endpoints"
    )
    add_mllp.add_argument("--host", default=os.environ.get("DOORSTEP_MLLP_HOST", "127.0.0.1"))
    add("metrics", _metrics, "打印 Prometheus 指标 / print the numbers for Prometheus")
    demo = add("demo", _demo, "建立演示县并打开 / make a district and open it", listens=True)
    demo.add_argument("--residents", type=int, default=30_000, help="居民人数 / number of residents")
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--no-serve", action="store_true", help="建好即止 / stop when it stands")
    ingest = add("ingest", _ingest, "导入 FHIR R4 文件 / take in files of FHIR R4 bundles or NDJSON (also .gz, .zip)")
    ingest.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    ingest.add_argument("--source", required=True, help="来源机构 / the institution: USCC, short code or id")
    ingest.add_argument("--quiet", action="store_true", help="不显示进度 / no progress bar")
    ingest.add_argument(
        "--workers", type=int, default=min(2, os.cpu_count() or 1), help="进程数 / processes that work side by side"
    )
    publish = add("publish", _publish, "发布已有的机构和人员 / publish what is there already, as FHIR")
    publish.add_argument("--after", default="", metavar="LINE", help="接着这一行 / go on behind this printed line")
    _desk_grammar(
        add("messages", _messages, "待修正的报文 / the messages set aside: list, show, replay, mend, dismiss")
    )
    anew = add("reindex", _reindex, "更新检索索引 / make the search index of what is stored anew, while all is in use")
    anew.add_argument("--types", nargs="+", metavar="TYPE", help="只做这些资源类型 / these types alone, new or old")
    anew.add_argument("--all", action="store_true", help="所有类型，不论新旧 / all types, new or old")
    anew.add_argument("--quiet", action="store_true", help="不显示进度 / no progress bar")
    _match_grammar(add("match", _match, "居民匹配规则 / matching of residents: train, shadow, use, link, list, fill"))
    _trail_grammar(add("trail", _trail, "操作留痕 / the trail: verify, heads, key, retire"))
    check = add("check", _check, "能否用于生产 / what is not yet fit for production", listens=True)
    check.add_argument("--json", action="store_true", help="以 JSON 输出 / as JSON")
    return top


def _desk_grammar(made: argparse.ArgumentParser) -> None:
    acts = made.add_subparsers(dest="act", required=True, metavar="act")
    listing = acts.add_parser("list", help="列出 / list")
    listing.add_argument("--after", help="上一页的末尾 / the cursor of the next page")
    show = acts.add_parser("show", help="查看 / show one with its text")
    replay = acts.add_parser("replay", help="重放 / try again")
    replay.add_argument("--all", action="store_true", help="全部 / all that are set aside")
    mend = acts.add_parser("mend", help="用改好的文件代替 / use a mended file")
    dismiss = acts.add_parser("dismiss", help="放弃 / lay aside for good")
    for one in (show, mend, dismiss):
        one.add_argument("message", type=int)
    replay.add_argument("message", type=int, nargs="?")
    mend.add_argument("file", type=Path)
    dismiss.add_argument("--why", required=True)


def _match_grammar(made: argparse.ArgumentParser) -> None:
    acts = made.add_subparsers(dest="act", required=True, metavar="act")
    made.add_argument("--quiet", action="store_true", help="不显示进度 / no progress bar")
    acts.add_parser("train", help="训练新规则 / learn a model from all records and the reviewers' answers")
    shadow = acts.add_parser("shadow", help="试用比较 / compare a model with the rule that holds; changes nothing")
    use = acts.add_parser("use", help="启用 / match by a model from today on (after shadow)")
    for one in (shadow, use):
        one.add_argument("model", type=int, help="规则编号 / the number that train told")
    link = acts.add_parser("link", help="批量归并 / link all records anew; every merge can be undone")
    link.add_argument("--institution", metavar="ORG", help="只比这一家的记录 / records of one: USCC, short code or id")
    link.add_argument(
        "--since", type=date.fromisoformat, metavar="DATE", help="只比这天以后的记录 / records since a day"
    )
    acts.add_parser("list", help="列出规则 / list the models")
    acts.add_parser("fill", help="补全旧记录 / make records of earlier versions comparable")


def _trail_grammar(made: argparse.ArgumentParser) -> None:
    acts = made.add_subparsers(dest="act", required=True, metavar="act")
    verify = acts.add_parser("verify", help="核验 / walk the chain, against all signed heads")
    verify.add_argument("--heads", type=Path, metavar="FILE", help="别处保存的签名 / heads that were kept elsewhere")
    verify.add_argument(
        "--since", type=int, metavar="POSITION", help="从这个签名起 / only behind the head signed there"
    )
    verify.add_argument("--quiet", action="store_true", help="不显示进度 / no progress bar")
    heads = acts.add_parser("heads", help="签名列表 / the signed heads, a line of JSON each")
    heads.add_argument("--sign", action="store_true", help="先签一次 / sign the chain as it is now")
    acts.add_parser("key", help="公钥 / the public key")
    acts.add_parser("retire", help="归档过期月份 / take months out that need be kept no longer; deletes nothing")


def manage(arguments: Sequence[str]) -> int:
    """Django's own commands, on the house's database."""
    with house():
        from django.core.management import execute_from_command_line

        execute_from_command_line(["doorstep manage", *arguments])
    return 0


def main() -> int:
    """Read the command line and run the command; the exit status is 0 where all went well."""
    from doorstep.kernel.postgres import PostgresError

    arguments = sys.argv[1:]
    # told to end, the program leaves by the same way as after Ctrl-C, so that the database is stopped in order
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        if arguments[:1] == ["manage"]:
            return manage(arguments[1:])
        options = parser().parse_args(arguments)
        if "port" in options and options.run is not _check:
            options.edge = edge.settle(options)
        with house() as dsn:
            run: Run = options.run
            return run(options, dsn)
    except PostgresError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    except (edge.EdgeError, secret_files.SecretError) as error:
        sys.stderr.write(f"{error}\n")
        return 5
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read the output (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
