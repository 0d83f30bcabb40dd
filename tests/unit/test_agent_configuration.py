# Copyright (c) 2026 everynode contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the roles write in forms that are the agents' own, by the lookup that the roles use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import lookup_loader
from ansible.template import Templar

_ROLES = Path(__file__).parents[2] / "roles"


def _rendered(template: str, **variables: Any) -> str:
    loader = DataLoader()
    templar = Templar(loader=loader, variables=variables)
    lookup = lookup_loader.get("template", loader=loader, templar=templar)
    (text,) = lookup.run([str(_ROLES / template)], variables=variables)
    return str(text)


def _fluentd(**sections: Any) -> str:
    empty: dict[str, Any] = {
        "system": {},
        "sources": [],
        "filters": [],
        "matches": [],
        "labels": [],
    }
    return _rendered("fluentd/templates/fluentd.conf.j2", fluentd__configuration=empty | sections)


def _logstash(**sections: Any) -> str:
    template = "logstash/templates/logstash-pipeline.conf.j2"
    return _rendered(template, logstash__pipeline=sections)


# Fluentd takes what stands between single quotes as it is, but for a quote and a backslash.
@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("tail", "tail"),
        ("/var/log/*.log", "/var/log/*.log"),
        ("@OUTPUT", "@OUTPUT"),
        ("", "''"),
        ("two words", "'two words'"),
        ("a # b", "'a # b'"),
        ("[1", "'[1'"),
        ("{a,b}.**", "'{a,b}.**'"),
        ("it's", r"'it\'s'"),
        (r"/^(?<n>\d+) \\$/", r"'/^(?<n>\\d+) \\\\$/'"),
        ('{"a": "b"}', """'{"a": "b"}'"""),
        ("${tag}", "'${tag}'"),
        ('a\nb\t"c"\\d', r'"a\nb' + "\t" + r'\"c\"\\d"'),
        ("a\n", r'"a\n"'),
        ("#{ENV['A']}", "\"#{ENV['A']}\""),
        ("#{ENV['A']}\n", "\"#{ENV['A']}\\n\""),
        ("ümlaut", "'ümlaut'"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (1.5, "1.5"),
        ([], "[]"),
        (["a", "b#c", 1, True], '["a", "b#c", 1, true]'),
    ],
)
def test_values_of_fluentd(value: Any, written: str) -> None:
    made = _fluentd(sources=[{"$type": "x", "value": value}])

    assert made == f"<source>\n  @type x\n  value {written}\n</source>\n"


@pytest.mark.parametrize(
    ("section", "head"),
    [
        ({"$tag": "**"}, "<match **>"),
        ({"$tag": "a.** b.*"}, "<match a.** b.*>"),
        ({"$tag": ["a.**", "b.*"]}, "<match a.** b.*>"),
        ({"$tag": "{a,b}.**"}, "<match {a,b}.**>"),
        ({"$tag": "a>b"}, "<match 'a>b'>"),
        ({"$tag": "#{ENV['TAG']}.**"}, "<match \"#{ENV['TAG']}.**\">"),
    ],
)
def test_tags_of_fluentd(section: dict[str, Any], head: str) -> None:
    assert _fluentd(matches=[{**section, "$type": "null"}]).startswith(f"{head}\n  @type null\n")


def test_sections_of_fluentd() -> None:
    made = _fluentd(
        system={"log_level": "warn", "log": {"format": "json"}},
        sources=[{"$type": "forward", "$id": "in", "$label": "@OUT", "$log_level": "error"}],
        filters=[
            {"$tag": "**", "$type": "grep", "and": [{"regexp": {}}, {"regexp": [{"key": "a"}]}]}
        ],
        matches=[
            {
                "$tag": "**",
                "$type": "forward",
                "nothing": None,
                "odd key": "x",
                "server": [{"host": "a"}, {"host": "b"}],
                "buffer": {"$arg": ["tag", "time"], "timekey": 60},
            }
        ],
        labels=[
            {"$name": "@OUT", "matches": [{"$tag": "**", "$type": "null"}]},
            {"$name": "@ERROR", "filters": [{"$tag": "a", "$type": "stdout"}]},
        ],
    )

    assert made == (
        "<system>\n  log_level warn\n  <log>\n    format json\n  </log>\n</system>\n"
        "<source>\n  @type forward\n  @id in\n  @label @OUT\n  @log_level error\n</source>\n"
        "<filter **>\n  @type grep\n"
        "  <and>\n    <regexp>\n    </regexp>\n  </and>\n"
        "  <and>\n    <regexp>\n      key a\n    </regexp>\n  </and>\n"
        "</filter>\n"
        "<match **>\n  @type forward\n  'odd key' x\n"
        "  <server>\n    host a\n  </server>\n  <server>\n    host b\n  </server>\n"
        "  <buffer tag,time>\n    timekey 60\n  </buffer>\n"
        "</match>\n"
        "<label @OUT>\n  <match **>\n    @type null\n  </match>\n</label>\n"
        "<label @ERROR>\n  <filter a>\n    @type stdout\n  </filter>\n</label>\n"
    )


# Logstash takes backslashes in text for escapes, since the role says so in its settings.
@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("", '""'),
        ("message", '"message"'),
        ("${PASSWORD}", '"${PASSWORD}"'),
        ('say "x"', r'"say \"x\""'),
        ("it's", '"it\'s"'),
        (r"\d+\.log$", r'"\\d+\\.log$"'),
        ("a\nb\tc\r", r'"a\nb\tc\r"'),
        (True, "true"),
        (False, "false"),
        (-1, "-1"),
        (0.5, "0.5"),
        ([], "[]"),
        (["a"], '[ "a" ]'),
        (["a", 1, True], '[ "a", 1, true ]'),
        ([["a", "b"], ["c"]], '[ [ "a", "b" ], [ "c" ] ]'),
        ({}, "{}"),
        ({"[a][b]": "c"}, '{\n      "[a][b]" => "c"\n    }'),
        (
            {"a": {"b": ["c"]}, 1: 2},
            '{\n      "a" => {\n        "b" => [ "c" ]\n      }\n      "1" => 2\n    }',
        ),
        ([{"a": "b"}], '[ {\n      "a" => "b"\n    } ]'),
    ],
)
def test_values_of_logstash(value: Any, written: str) -> None:
    made = _logstash(filter=[{"x": {"value": value}}])

    assert made == f"filter {{\n  x {{\n    value => {written}\n  }}\n}}\n"


@pytest.mark.parametrize(
    ("codec", "written"),
    [
        ("json", '"json"'),
        ({"json": None}, "json {\n    }"),
        ({"multiline": {"negate": True}}, "multiline {\n      negate => true\n    }"),
    ],
)
def test_codecs_of_logstash(codec: Any, written: str) -> None:
    made = _logstash(input=[{"file": {"codec": codec}}])

    assert made == f"input {{\n  file {{\n    codec => {written}\n  }}\n}}\n"


def test_sections_of_logstash() -> None:
    made = _logstash(
        input=[{"beats": {"port": 5044, "host": None}}, {"stdin": None}],
        filter=[
            {
                "if": '[a] == "b"',
                "then": [{"drop": {}}],
                "else": [{"if": "[c]", "then": [{"prune": {}}, {"mutate": {}}]}],
            },
            {"if": "[d]"},
        ],
        output=[],
    )

    assert made == (
        "input {\n  beats {\n    port => 5044\n  }\n  stdin {\n  }\n}\n"
        "filter {\n"
        '  if [a] == "b" {\n    drop {\n    }\n  }\n'
        "  else {\n    if [c] {\n      prune {\n      }\n      mutate {\n      }\n    }\n  }\n"
        "  if [d] {\n  }\n"
        "}\n"
    )
