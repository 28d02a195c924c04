"""Contract tests that rooms inherit: a room with a flow subclasses ``FlowContract`` and names it, a room that
publishes ``ProjectionContract``."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doorstep.fhir.validation.invariants import invariants
from doorstep.kernel import publishing, room
from doorstep.kernel.decision import Decision
from doorstep.kernel.fhir_index import index_of
from doorstep.kernel.flow import Flow


class FlowContract:
    """What holds of every flow. ``flow`` is the flow; ``column`` the table and the check that keep its states."""

    flow: ClassVar[Flow[Any, Any]]
    column: ClassVar[tuple[str, str] | None] = None

    def facts(self) -> st.SearchStrategy[Any]:
        """The facts on which moves are tried; none unless a room says otherwise."""
        return st.none()

    @given(data=st.data())
    def test_a_walk_stays_on_the_map(self, data: st.DataObject) -> None:
        """Any moves in any order: a step leads where its move says, or is refused with a reason and changes nothing."""
        state = self.flow.start
        for name in data.draw(st.lists(st.sampled_from([m.name for m in self.flow.moves]), max_size=12)):
            move, facts = self.flow.move(name), data.draw(self.facts())
            verdict, after = self.flow.step(name, state, facts)
            assert isinstance(verdict, Decision)
            if verdict.allowed:
                assert (state in move.at, after) == (True, move.to)
                assert move in self.flow.open_moves(state)
            else:
                assert (bool(verdict.reason), after) == (True, state)
            state = after

    def test_what_has_ended_stays(self) -> None:
        """Nothing leaves an end, and what has not ended can still move."""
        for state in self.flow.states:
            assert bool(self.flow.open_moves(state)) == (state not in self.flow.ends)

    def test_every_move_is_somebody_s_right(self) -> None:
        """Each move names a permission that some room gives."""
        known = {str(p) for r in room.installed() if r.permissions for p in r.permissions}
        assert {str(m.permission) for m in self.flow.moves} <= known

    def test_the_picture_shows_every_state_and_move(self) -> None:
        """The drawing in the documentation leaves nothing out."""
        picture = self.flow.mermaid()
        for state in self.flow.states:
            assert str(state) in picture
        for move in self.flow.moves:
            assert f"{move.to}: {move.name}" in picture

    @pytest.mark.django_db
    def test_the_column_takes_these_states_and_no_other(self) -> None:
        """Where a table keeps the state, its check constraint and the flow agree (see ``column``)."""
        if self.column is None:
            return
        from django.db import connection

        table, constraint = self.column
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND conname = %s",
                [table, constraint],
            )
            [[definition]] = cursor.fetchall()
        said = {part.split("'")[1] for part in definition.split(",") if "'" in part}
        assert said == {str(s) for s in self.flow.states}


class WordsContract:
    """Every state has words for people. ``words`` maps states to them; ``hidden`` states are never shown."""

    states: ClassVar[type[StrEnum]]
    words: ClassVar[Any]
    hidden: ClassVar[frozenset[StrEnum]] = frozenset()

    def test_every_state_that_is_shown_has_words(self) -> None:
        """No person reads a code."""
        assert set(self.words) == set(self.states) - self.hidden
        assert all(str(text).strip() for text in self.words.values())


class ProjectionContract:
    """What holds of every projection. ``room`` is the room's name; ``projected`` says what it makes."""

    room: ClassVar[str]

    def projected(self) -> Mapping[str, st.SearchStrategy[Mapping[str, Any]]]:
        """For each type, the projection of every fact that the room's rules allow."""
        raise NotImplementedError

    def _publishes(self) -> tuple[str, ...]:
        return next(r for r in room.installed() if r.name == self.room).publishes

    def test_it_makes_the_types_that_the_manifest_names(self) -> None:
        """Neither more nor fewer."""
        assert set(self.projected()) == set(self._publishes()) != set()

    @settings(deadline=None)
    @given(data=st.data())
    def test_whatever_the_facts_the_resource_is_valid(self, data: st.DataObject) -> None:
        """Of its type, with an id, in order and with no error by R4's own rules, ready for the index."""
        kind = data.draw(st.sampled_from(sorted(self.projected())))
        resource = data.draw(self.projected()[kind])
        one = publishing.publication(resource, UUID(int=1), [kind])
        assert one.body is not None
        read = msgspec.json.decode(one.body)
        assert (read["resourceType"], one.key) == (kind, (kind, read["id"]))
        assert [f for f in invariants(kind, read) if f.severity == "error"] == []
        index_of(kind, read)
