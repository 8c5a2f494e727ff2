"""What a process remembers of a database."""

from hypothesis import given
from hypothesis import strategies as st

from briefsmith.postgres.memory import Memory


@given(
    steps=st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, 60), st.booleans())),
    limit=st.integers(1, 100),
)
def test_the_values_used_last_are_held_as_far_as_there_is_room(
    steps: list[tuple[str, int, bool]], limit: int
) -> None:
    memory = Memory(limit)
    used: dict[str, int] = {}

    for key, size, is_kept in steps:
        if is_kept:
            memory.keep(key, (key, size), size)
            used.pop(key, None)
            used[key] = size
        elif memory.get(key) is not None:
            used[key] = used.pop(key)
        while sum(used.values()) > limit:
            del used[next(iter(used))]

        # A look is a use: in the order of their last one it changes nothing.
        held = [memory.get(one) for one in used]
        assert held == list(used.items())
        assert all(memory.get(one) is None for one in set("abcde") - set(used))
        assert len(memory) == sum(used.values())


def test_what_is_of_another_source_is_forgotten() -> None:
    memory = Memory()
    memory.of("a run of a server")
    memory.keep("a", 1, 8)

    memory.of("a run of a server")
    assert memory.get("a") == 1

    memory.of("the next one")
    assert (memory.get("a"), len(memory)) == (None, 0)
