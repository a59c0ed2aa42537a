"""What the composition root hands on, after a reload too."""

import dataclasses

import pytest

from dlp_gateway.app import Gateway
from dlp_gateway.model import Zone
from dlp_gateway.settings import default_config_dir, read_configuration
from tests.unit.policy.examples import TODAY


def configuration(**environment):
    return read_configuration(default_config_dir(), TODAY, environment=environment)


def test_zones_are_those_of_the_policy_that_runs_now():
    config = configuration()
    gateway = Gateway(config)
    zone_of = gateway._zone_of
    assert zone_of("new.example") is Zone.EXTERNAL

    organisation = dataclasses.replace(config.policy.organisation, domains=("new.example",))
    policy = dataclasses.replace(config.policy, organisation=organisation)
    gateway._config = dataclasses.replace(config, loaded=dataclasses.replace(config.loaded, policy=policy))

    assert zone_of("new.example") is Zone.INTERNAL


@pytest.mark.parametrize("shown", [False, True])
def test_the_login_is_shown_to_recipients_only_if_that_is_set(shown):
    config = configuration(DLP_GATEWAY__SMTP__SHOW_USER=str(shown).lower())

    assert Gateway(config)._running(config, None).show_user is shown
