"""Histories and searches as the door answers them (R4, http.html#history, #search): paging, times, ways to ask."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.served import Served, entry, following, fresh, ids, json_of, pages, said, served

__all__ = ["served"]
pytestmark = pytest.mark.django_db


def versions(entries: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Id and version of the entries of a history."""
    found = []
    for each in entries:
        version = int(each["response"]["etag"].removeprefix('W/"').removesuffix('"'))
        found.append((each["fullUrl"].rpartition("/")[2], version))
    return found


def instants(entries: list[dict[str, Any]]) -> list[str]:
    return [each["response"]["lastModified"] for each in entries]


def changed(served: Served, times: int, kind: str = "Basic", **fields: Any) -> str:
    """A resource of as many versions; returns its address."""
    at = f"{kind}/{served.made(kind, code={'text': 'x'}, **fields)['id']}"
    for number in range(2, times + 1):
        body = {"resourceType": kind, "id": at.partition("/")[2], "code": {"text": f"x{number}"}, **fields}
        assert served.send("PUT", at, body).status_code == 200
    return at


class TestHistory:
    def test_of_an_instance(self, served: Served) -> None:
        at = changed(served, 3)
        served.send("DELETE", at)
        found = json_of(served.get(f"{at}/_history"))
        assert (found["type"], found["total"]) == ("history", 4)
        assert [each["request"]["method"] for each in found["entry"]] == ["DELETE", "PUT", "PUT", "POST"]
        assert [each["response"]["status"][:3] for each in found["entry"]] == ["204", "200", "200", "201"]
        assert "resource" not in found["entry"][0]
        assert [each["resource"]["meta"]["versionId"] for each in found["entry"][1:]] == ["3", "2", "1"]
        assert {each["fullUrl"] for each in found["entry"]} == {f"http://testserver/fhir/{at}"}
        assert instants(found["entry"]) == sorted(instants(found["entry"]), reverse=True)

    @pytest.mark.parametrize("count", [1, 2, 3, 5, 7])
    def test_pages_show_each_version_once(self, served: Served, count: int) -> None:
        at = changed(served, 6)
        for path in (f"{at}/_history", f"Basic/_history?_since={quote(first(served, at))}"):
            glue = "&" if "?" in path else "?"
            mine = [v for v in versions(pages(served, f"{path}{glue}_count={count}")) if v[0] == at[6:]]
            assert mine == [(at[6:], n) for n in range(6, 0, -1)]

    def test_since_and_at(self, served: Served) -> None:
        at = changed(served, 4)
        entries = json_of(served.get(f"{at}/_history"))["entry"]
        times = instants(entries)[::-1]
        since = versions(pages(served, f"{at}/_history?{urlencode({'_since': times[2]})}"))
        assert since == [(at[6:], 4), (at[6:], 3)]
        # _at: versions that were current at some moment of the time given
        for number, moment in enumerate(times, 1):
            found = versions(pages(served, f"{at}/_history?{urlencode({'_at': moment})}"))
            assert found == [(at[6:], number)], (moment, found)
        assert versions(pages(served, f"{at}/_history?_at=2001")) == []
        assert len(versions(pages(served, f"{at}/_history?_at={times[0][:4]}"))) == 4
        for bad in ("_since=nix", "_at=nix", "_count=x", "_count=-1", "_since=2024-13-01", "_at=99999"):
            assert said(served.get(f"{at}/_history?{bad}"))[0] == 400, bad

    def test_of_a_type_and_of_all(self, served: Served) -> None:
        one, two = changed(served, 3), changed(served, 2, "Flag", status="active", subject={"display": "x"})
        served.send("DELETE", one)
        since = urlencode({"_since": first(served, one)})
        of_type = [v for v in versions(pages(served, f"Basic/_history?{since}&_count=2")) if v[0] == one[6:]]
        assert of_type == [(one[6:], n) for n in (4, 3, 2, 1)]
        of_all = pages(served, f"_history?{since}&_count=3")
        wanted = Counter({(one[6:], n): 1 for n in (1, 2, 3, 4)}) + Counter({(two[5:], n): 1 for n in (1, 2)})
        assert Counter(v for v in versions(of_all) if v[0] in (one[6:], two[5:])) == wanted
        assert instants(of_all) == sorted(instants(of_all), reverse=True)
        only = versions(pages(served, f"_history?{since}&_type=Flag"))
        assert {ident for ident, _ in only} == {two[5:]}
        assert said(served.get("_history?_type=Nix")) == (404, "no-such-type")

    def test_a_history_while_others_write(self, served: Served) -> None:
        """Each version that was there at the first page comes once, whatever is written meanwhile."""
        made = [changed(served, 3) for _ in range(5)]
        since = urlencode({"_since": first(served, made[0])})
        found: list[tuple[str, int]] = []
        at: str | None = f"Basic/_history?{since}&_count=4"
        while at is not None:
            answer = served.get(at)
            found += versions(json_of(answer).get("entry", []))
            at = following(answer)
            body = {"resourceType": "Basic", "id": made[0][6:], "code": {"text": fresh()}}
            served.send("PUT", made[0], body)
            served.made("Basic", code={"text": "more"})
        seen = Counter(found)
        for each in made:
            for number in (1, 2, 3):
                assert seen[(each[6:], number)] == 1, (each, number, found)

    def test_another_institution_sees_nothing_of_it(self, served: Served) -> None:
        at = changed(served, 2)
        assert said(served.get(f"{at}/_history", key=served.key_b))[0] == 404
        for path in ("Basic/_history", "_history"):
            found = json_of(served.get(f"{path}?_count=1000", key=served.key_b)).get("entry", [])
            assert at[6:] not in {ident for ident, _ in versions(found)}

    def test_cursors_of_other_questions_and_rubbish(self, served: Served) -> None:
        at = changed(served, 3)
        link = following(served.get(f"{at}/_history?_count=1"))
        assert link is not None
        cursor = link.partition("_cursor=")[2]
        for path in (f"{at}/_history?_count=2&_cursor={cursor}", f"Basic/_history?_count=1&_cursor={cursor}",
                     f"{at}/_history?_count=1&_cursor=x", f"{at}/_history?_count=1&_cursor={cursor[:-2]}",
                     f"{at}/_history?_count=1&_cursor=%00", f"Basic?_cursor={cursor}"):  # fmt: skip
            assert said(served.get(path))[0] == 400, path


def first(served: Served, at: str) -> str:
    """When a resource was made."""
    return instants(pages(served, f"{at}/_history"))[-1]


class TestSearch:
    """What the ways to ask have in common; what is found is the matter of test_search."""

    def three(self, served: Served) -> tuple[str, list[str]]:
        value = fresh("tri")
        tag = {"tag": [{"system": "urn:s", "code": value}]}
        made = [f"Patient/{served.made(meta=tag, active=n == 1)['id']}" for n in range(3)]
        return value, made

    def test_get_and_post(self, served: Served) -> None:
        value, made = self.three(served)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode({"_tag": f"urn:s|{value}"}).encode()
        for answer in (
            served.get(f"Patient?_tag=urn:s|{value}"),
            served.get(f"Patient/_search?_tag=urn:s|{value}"),
            served.send("POST", "Patient/_search", body, headers=form),
            served.send("POST", f"Patient/_search?_tag=urn:s|{value}", b"", headers=form),
            served.send("POST", "_search", body + b"&_type=Patient", headers=form),
            served.get(f"?_type=Patient,Observation&_tag=urn:s|{value}"),
        ):
            assert sorted(ids(answer)) == sorted(made), answer.text
        mixed = served.send("POST", "Patient/_search?active=true", body, headers=form)
        assert ids(mixed) == [made[1]]
        wrong = served.send("POST", "Patient/_search", b"{}", headers={"Content-Type": "application/json"})
        assert said(wrong)[0] == 415

    @pytest.mark.parametrize("form", [True, False])
    def test_pages(self, served: Served, form: bool) -> None:
        value, made = self.three(served)
        query = urlencode({"_tag": f"urn:s|{value}", "_count": "2"})
        if form:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            one = served.send("POST", "Patient/_search", query.encode(), headers=kind)
        else:
            one = served.get(f"Patient?{query}")
        links = {link["relation"]: link["url"] for link in one.json()["link"]}
        assert links["self"].startswith("http://testserver/fhir/Patient?")
        two = served.get(following(one) or "")
        assert len(ids(one)) == 2
        assert sorted(ids(one) + ids(two)) == sorted(made)
        assert following(two) is None

    def test_compartments(self, served: Served) -> None:
        owner = served.made()["id"]
        about = {"subject": {"reference": f"Patient/{owner}"}}
        seen = served.made("Observation", status="final", code={"text": "x"}, **about)["id"]
        served.made("Observation", status="final", code={"text": "x"})
        assert ids(served.get(f"Patient/{owner}/Observation")) == [f"Observation/{seen}"]
        assert ids(served.get(f"Patient/{owner}/Observation?status=amended")) == []
        # the compartment's definition takes other patients by their links, and leaves the owner out
        assert ids(served.get(f"Patient/{owner}/*")) == [f"Observation/{seen}"]
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        posted = served.send("POST", f"Patient/{owner}/Observation/_search", b"status=final", headers=form)
        assert ids(posted) == [f"Observation/{seen}"]
        assert said(served.get(f"Patient/{owner}/Organization")) == (404, "no-compartment")
        assert said(served.get("Observation/x/Patient"))[0] == 404

    def test_what_is_not_known(self, served: Served) -> None:
        """R4, search.html#errors: ignored and said so, or refused."""
        value, made = self.three(served)
        query = f"Patient?_tag=urn:s|{value}&nonsense=1"
        lenient = served.get(query)
        assert sorted(ids(lenient)) == sorted(made)
        [note] = [e for e in lenient.json()["entry"] if e["search"]["mode"] == "outcome"]
        assert note["resource"]["issue"][0]["severity"] in ("warning", "information")
        [link] = [each["url"] for each in lenient.json()["link"] if each["relation"] == "self"]
        assert "nonsense" not in link
        strict = served.get(query, headers={"prefer": "handling=strict"})
        assert said(strict) == (400, "unknown-parameter")

    def test_in_a_batch(self, served: Served) -> None:
        value, made = self.three(served)
        response = served.bundle("batch", entry("GET", f"Patient?_tag=urn:s|{value}&_count=2"))
        inner = response.json()["entry"][0]["resource"]
        assert len(inner["entry"]) == 2
        link = next(each["url"] for each in inner["link"] if each["relation"] == "next")
        assert len(ids(served.get(link.removeprefix("http://testserver")))) == 1
        assert made
