import asyncio
import io
import json
import logging

import pytest
import structlog

from dlp_gateway.monitoring import logs

SECRET = "TFN 123 456 782"


@pytest.fixture
def lines():
    stream = io.StringIO()
    before = structlog.get_config()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    logs.configure("debug", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


def test_an_event_is_one_json_object(lines):
    structlog.get_logger().info("decided", decision="01ABC", action="hold")

    (event,) = lines()
    assert event["event"] == "decided"
    assert (event["decision"], event["action"], event["level"]) == ("01ABC", "hold", "info")


def test_s19_an_exception_is_logged_by_type_and_place_without_its_text(lines):
    try:
        raise ValueError(SECRET)
    except ValueError:
        structlog.get_logger().exception("failed")

    (event,) = lines()
    assert event["error"] == "ValueError"
    assert "test_logs.py" in event["error_at"][-1]
    assert SECRET not in json.dumps(event)


def test_s19_a_library_is_logged_by_template_without_arguments(lines):
    logging.getLogger("some.library").warning("cannot read %s", SECRET)
    logging.getLogger("some.library").warning(f"cannot read {SECRET}")  # noqa: G004 - the fault under test
    logging.getLogger("mail.log").info("data: %s", SECRET)

    events = lines()
    assert [event["template"] for event in events] == ["cannot read %s", ""]
    assert SECRET not in json.dumps(events)


async def test_s19_what_falls_through_to_the_loop_is_logged_without_its_text(lines):
    loop = asyncio.get_running_loop()
    logs.watch_loop(loop)

    loop.call_exception_handler({"message": "Task exception", "exception": ValueError(SECRET), "task": SECRET})

    (event,) = lines()
    assert event["error"] == "ValueError"
    assert SECRET not in json.dumps(event)
