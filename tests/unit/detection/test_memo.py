import pytest

from dlp_gateway.detection.memo import Memo


def test_an_answer_is_remembered_for_its_text_only():
    memo: Memo[int] = Memo(10)
    memo.put("Kind regards", 1)

    assert (memo.get("Kind regards"), memo.get("kind regards"), memo.get("")) == (1, None, None)


def test_memory_is_bounded():
    memo: Memo[int] = Memo(100)
    for number in range(1000):
        memo.put(str(number), number)

    assert len(memo._answers) <= 100
    assert memo.get("999") == 999


@pytest.mark.parametrize("text", ["Ann Lee is pregnant", "\ud800", "x" * 100_000])
def test_no_text_is_kept(text):
    memo: Memo[int] = Memo(10)
    memo.put(text, 1)

    assert memo.get(text) == 1
    assert all(len(key) == 16 for key in memo._answers)
