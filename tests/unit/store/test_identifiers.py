from dlp_gateway.store.identifiers import new_id


def test_later_identifiers_sort_later():
    made = [new_id(at) for at in (0.0, 1.0, 1_800_000_000.0, 1_800_000_000.01, 4_000_000_000.0)]

    assert made == sorted(made)


def test_identifiers_can_be_read_out_and_differ():
    made = {new_id(1_800_000_000.0) for _ in range(1000)}

    assert len(made) == 1000
    assert all(len(name) == 17 and not set(name) & set("ilouILOU_") for name in made)
