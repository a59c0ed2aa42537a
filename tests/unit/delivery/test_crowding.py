import pytest

from dlp_gateway.delivery.crowding import Crowding


def test_few_come_back_after_the_first_pause():
    crowding = Crowding(100, 60)

    assert [crowding.stretch(1000.0 + n) for n in range(100)] == [1.0] * 100


@pytest.mark.parametrize("many", [1000, 100_000])
def test_many_come_back_spread_out(many):
    crowding = Crowding(100, 60)
    back = sorted(60 * crowding.stretch(600.0) for _ in range(many))

    # Never more of them within a minute than a hundred, the first minute apart.
    assert max(sum(start < one <= start + 60 for one in back[100:]) for start in (60, 120, 300, 540)) <= 101
    assert back[-1] == pytest.approx(60 * many / 100)


def test_a_crowd_is_forgotten():
    crowding = Crowding(100, 60)
    for _ in range(1000):
        crowding.stretch(600.0)

    assert crowding.stretch(660.0) > 9
    assert crowding.stretch(719.0) == 1.0
    assert Crowding(1, 60).stretch(0.0) == 1.0
    for leap in (-1e6, 1e9):
        assert crowding.stretch(leap) == 1.0
