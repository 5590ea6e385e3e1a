"""Secrets planted wherever a program can put one: none is left in what is kept."""

import base64
import dataclasses
import json
import sys
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import StackError
from slipway.stack.codec import to_json
from slipway.stack.evaluation import Program, evaluate
from slipway.stack.graph import Graph, Reference, Resource
from slipway.stack.load import load
from slipway.stack.secrets import Redactor, at, new_key, redacted

KEY, OTHER = b"k" * 32, b"o" * 32
SECRET = 'hunter2/"pass\\word" über'
"""With every sign that some form of writing changes."""
PLAIN = "hunter2pass"
FORMS = {
    "itself": SECRET,
    "JSON": json.dumps(SECRET)[1:-1],
    "JSON as it is typed": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "JSON within JSON": json.dumps(json.dumps(SECRET))[3:-3],
    "a Python literal": repr(SECRET)[1:-1],
    "base64": base64.b64encode(SECRET.encode()).decode(),
    "base64 for URLs": base64.urlsafe_b64encode(SECRET.encode()).decode(),
    "base64 of more": base64.b64encode(f"user:{SECRET}".encode()).decode(),
    "base64 without its end": base64.b64encode(f"a:{SECRET}".encode()).decode().rstrip("="),
    "base64 of base64": base64.b64encode(base64.b64encode(SECRET.encode())).decode(),
    "base64 beside other bytes": base64.b64encode(b"\xff\xfe" + SECRET.encode()).decode(),
    "a part of a URL": urllib.parse.quote(SECRET),
    "a query of a URL": urllib.parse.quote_plus(SECRET),
    "a whole part of a URL": urllib.parse.quote(SECRET, safe=""),
}


def resource(name="it", /, secrets=(), **properties):
    return Resource(
        urn=f"urn:pulumi:test::slipway::aws:sns/topic:Topic::{name}",
        type="aws:sns/topic:Topic",
        name=name,
        parent="",
        custom=True,
        properties=properties,
        secrets=tuple(secrets),
    )


def graph(*resources, outputs=None, references=None, output_secrets=()):
    return Graph(
        "slipway",
        "test",
        resources,
        outputs or {},
        references or {},
        output_secrets=tuple(output_secrets),
    )


def whole(value):
    """All text of a graph."""
    return repr(dataclasses.asdict(value))


@pytest.mark.parametrize("form", FORMS)
def test_a_known_secret_is_replaced_in_every_form(form):
    redactor = Redactor(KEY, [SECRET])
    text = f'<a href="x">{FORMS[form]}</a>'
    assert redactor.text(text) != text
    assert FORMS[form] not in redactor.text(text)


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_that_is_marked_in_one_place_is_replaced_in_all(form):
    copy = f"Bearer {FORMS[form]}; more"
    stack = graph(
        resource("marked", secrets=["displayName"], displayName=SECRET),
        resource("copied", displayName=copy, tags={FORMS[form]: "x"}, deep=[{"a": [copy]}]),
        resource(f"named.{FORMS[form]}"),
        outputs={"out": copy},
        references={f"@{FORMS[form]}.id@": Reference(f"urn::{FORMS[form]}", "id")},
    )
    left = whole(redacted(stack, Redactor(KEY)))
    assert "hunter2" not in left
    assert FORMS[form] not in left


def test_base64_with_a_secret_in_it_is_still_base64():
    text = base64.b64encode(f"#!/bin/sh\nexport TOKEN={PLAIN}\n".encode()).decode()
    hidden = base64.b64decode(Redactor(KEY, [PLAIN]).text(text)).decode()
    assert hidden == f"#!/bin/sh\nexport TOKEN={Redactor(KEY).placeholder(PLAIN)}\n"


def test_what_holds_no_secret_stays_to_the_letter():
    texts = ["a plain text", "c2VjcmV0cw==", "arn:aws:sns:eu-central-1:1:topic-a_b-c", "aaaa=", "="]
    redactor = Redactor(KEY, [PLAIN])
    assert [redactor.text(text) for text in texts] == texts
    assert Redactor(KEY).text(PLAIN) == PLAIN


def test_a_secret_has_one_placeholder_under_a_key_and_another_under_another():
    assert Redactor(KEY).placeholder(PLAIN) == Redactor(KEY).placeholder(PLAIN)
    assert Redactor(KEY).placeholder(PLAIN) != Redactor(OTHER).placeholder(PLAIN)
    assert Redactor(KEY).placeholder(PLAIN) != Redactor(KEY).placeholder(f"{PLAIN}!")
    assert new_key() != new_key()


def test_a_marked_secret_and_a_copy_of_it_have_the_same_placeholder():
    stack = graph(resource("a", secrets=["x"], x=PLAIN), resource("b", x=PLAIN, y=[PLAIN]))
    found = redacted(stack, Redactor(KEY))
    shown = found.named("a").properties["x"]
    assert shown.startswith("secret-")
    assert found.named("b").properties == {"x": shown, "y": [shown]}


def test_a_short_secret_is_replaced_only_where_it_is_marked():
    stack = graph(resource("a", secrets=["x"], x="abc"), resource("b", x="abcdef"))
    found = redacted(stack, Redactor(KEY))
    assert found.named("a").properties["x"].startswith("secret-")
    assert found.named("b").properties["x"] == "abcdef"


def test_a_secret_that_is_the_stacks_own_name_is_hidden_only_where_it_is_marked():
    stack = graph(resource("a", secrets=["x"], x="slipway"), resource("b", x="slipway"))
    found = redacted(stack, Redactor(KEY))
    assert found.named("a").properties["x"].startswith("secret-")
    assert found.named("b").properties["x"] == "slipway"
    assert "::slipway::" in found.named("b").urn, "rules find the environment there"


def test_a_longer_secret_is_replaced_before_a_shorter_one_within_it():
    redactor = Redactor(KEY, ["pass", "password"])
    assert redactor.text("password pass") == (
        f"{redactor.placeholder('password')} {redactor.placeholder('pass')}"
    )


def test_a_secret_that_is_a_part_of_every_placeholder_does_no_harm():
    redactor = Redactor(KEY, ["secret", PLAIN])
    assert redactor.text(PLAIN) == redactor.placeholder(PLAIN)


def test_words_of_json_are_nobodys_secret():
    assert Redactor(KEY, ["true", "null"]).text('{"a": true, "b": null}') == (
        '{"a": true, "b": null}'
    )


def test_numbers_are_hidden_where_they_are_marked_and_where_they_are_long():
    stack = graph(
        resource("a", secrets=["pin", "port"], pin=482913, port=8080),
        resource("b", pin=482913, port=8080, text="pin 482913", yes=True),
    )
    found = redacted(stack, Redactor(KEY))
    assert all(str(v).startswith("secret-") for v in found.named("a").properties.values())
    assert "482913" not in whole(found)
    assert found.named("b").properties["port"] == 8080
    assert found.named("b").properties["yes"] is True


def test_every_text_of_a_secret_object_is_a_secret():
    stack = graph(
        resource("a", secrets=["db"], db={"user": "somebody", "all": [PLAIN, True, None]}),
        resource("b", x=f"postgres://somebody:{PLAIN}@db"),
    )
    found = redacted(stack, Redactor(KEY))
    assert PLAIN not in whole(found)
    assert "somebody" not in whole(found)
    assert found.named("a").properties["db"]["all"][1:] == [True, None]


def test_what_a_secret_object_of_the_configuration_holds_is_known():
    redactor = Redactor(KEY, [json.dumps({"user": "u", "passwords": [PLAIN]})])
    assert PLAIN not in redactor.text(f"postgres://u:{PLAIN}@db")


def test_lines_of_a_private_key_are_replaced_where_they_are_indented():
    lines = [
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBgkqhkiG9w0B",
        "AQEFAASCBKcwggSjAgEAAoIB",
        "-----END",
    ]
    stack = graph(
        resource("a", secrets=["x"], x="\n".join(lines)),
        resource("b", x="key: |\n" + "".join(f"    {line}\n" for line in lines)),
    )
    left = whole(redacted(stack, Redactor(KEY)))
    assert lines[1] not in left
    assert lines[2] not in left


def test_an_output_that_is_marked_secret_can_still_be_followed():
    token = "@database.password@"
    stack = graph(
        resource("a", secrets=["x"], x=token),
        resource("b", x=f"postgres://{token}/"),
        references={token: Reference("urn:database", "password")},
    )
    found = redacted(stack, Redactor(KEY))
    assert found.named("a").properties["x"] == token
    assert found.referred(found.named("b").properties)[0].property == "password"


def test_marks_on_nested_paths_with_dots_and_numbers_are_found():
    properties = {"env": {"a.b": [{"value": PLAIN}], "c": "kept"}}
    stack = graph(resource("a", secrets=["env.a.b[0].value"], **properties))
    found = redacted(stack, Redactor(KEY)).named("a").properties["env"]
    assert found["a.b"][0]["value"].startswith("secret-")
    assert found["c"] == "kept"


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("", {"a": [{"b": 1}], "a.b": 2}),
        ("a[0].b", 1),
        ("a.b", 2),
        ("a[1]", None),
        ("a[x]", None),
        ("a[0].c", None),
        ("z", None),
        ("a.b.c", None),
    ],
)
def test_a_path_leads_to_its_value_or_to_nothing(path, found):
    assert at({"a": [{"b": 1}], "a.b": 2}, path) == found


def test_a_secret_output_of_the_stack_is_replaced_wholly():
    stack = graph(outputs={"a": {"b": PLAIN}, "c": f"x{PLAIN}"}, output_secrets=["a"])
    found = redacted(stack, Redactor(KEY))
    assert found.outputs["a"]["b"].startswith("secret-")
    assert PLAIN not in whole(found)


@given(
    st.text(min_size=4, max_size=30).filter(lambda text: text not in {"true", "null", "false"}),
    st.text("abc/:= ", max_size=8),
    st.text("abc/:= ", max_size=8),
)
def test_whatever_a_secret_is_made_of_no_text_around_it_saves_it(secret, before, after):
    text = f"{before}{secret}{after}"
    redactor = Redactor(KEY, [secret])
    shown = redactor.placeholder(secret)
    assert shown in redactor.text(text)
    assert (
        shown in base64.b64decode(redactor.text(base64.b64encode(text.encode()).decode())).decode()
    )


PROGRAM = """
import base64, json, urllib.parse
import pulumi
import pulumi_aws as aws

config = pulumi.Config("slipway")
kept = config.require_secret("token")
bare = config.require("token")
aws.sns.Topic("marked", display_name=kept)
aws.sns.Topic("unwrapped", display_name=bare)
aws.sns.Topic("nested", tags={"a": kept, bare: "b"})
aws.sns.Topic("json", policy=pulumi.Output.json_dumps({"deep": [kept]}))
aws.sns.Topic("text", policy=json.dumps({"deep": [bare]}))
encoded = base64.b64encode(("#!/bin/sh\\nexport TOKEN=" + bare).encode()).decode()
aws.ec2.LaunchTemplate("data", user_data=encoded)
aws.ssm.Parameter("header", type="String", value="Basic " + encoded)
aws.ssm.Parameter("query", type="String", value="https://x/?t=" + urllib.parse.quote_plus(bare))
aws.sns.Topic("called-" + bare)
aws.ssm.Parameter("reads", type="String", value=aws.sns.Topic("of-" + bare).arn)
pulumi.export("kept", kept)
pulumi.export("bare", [bare, {"deep": encoded}])
pulumi.export(bare, "x")
"""


def project(folder, program):
    folder.mkdir(exist_ok=True)
    (folder / "Pulumi.yaml").write_text(
        "name: slipway\nruntime: python\nconfig:\n  token:\n    secret: true\n    type: string\n"
    )
    (folder / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-central-1\n")
    (folder / "__main__.py").write_text(program)
    return folder


OVERRIDES = {"slipway:token": PLAIN}


def test_no_secret_of_a_program_is_in_its_graph(tmp_path):
    found = load(project(tmp_path, PROGRAM), "dev", OVERRIDES, key=KEY)
    left = whole(found)
    assert len(found.resources) == 12
    assert "hunter2" not in left
    assert base64.b64encode(b"hunter2pas").decode()[:8] not in left
    assert found.named("marked").properties["displayName"] == Redactor(KEY).placeholder(PLAIN)
    reads = found.named("reads").properties["value"]
    assert found.target(reads).type.endswith("Topic"), "a reference by a secret name still leads on"


def test_no_secret_of_a_program_comes_out_of_its_process(tmp_path):
    (found,) = evaluate([Program(project(tmp_path, PROGRAM), "dev", OVERRIDES)], KEY)
    assert "hunter2" not in json.dumps(to_json(found.graph))
    assert "hunter2" not in repr(found.derived)
    assert found.derived == ()


RAISING = {
    "an exception": "raise ValueError(f'bad {token}')",
    "an exception that quotes": "raise KeyError(token)",
    "a refusal": "raise pulumi.RunError(f'bad {token}')",
    "an exit": "raise SystemExit(f'bad {token}')",
    "two of one name": "import pulumi_aws as aws\n[aws.sns.Topic(token) for _ in 'ab']",
    "a question": "import pulumi_aws as aws\naws.sns.Topic.get(token, id='x')",
    "an exception of that name": "raise type(token, (Exception,), {})('x')",
    "a wrong value of a library": "import ipaddress\nipaddress.ip_network(token)",
}


@pytest.mark.parametrize("how", RAISING)
def test_no_secret_is_in_what_a_program_that_fails_has_to_say(tmp_path, how):
    program = f"import pulumi\ntoken = pulumi.Config('slipway').require('token')\n{RAISING[how]}\n"
    with pytest.raises(StackError) as raised:
        load(project(tmp_path, program), "dev", OVERRIDES, key=KEY)
    error = raised.value
    assert "hunter2" not in f"{error} {error.what} {error.why} {error.mend}"
    assert Redactor(KEY).placeholder(PLAIN) in str(error)


def test_no_secret_comes_out_of_the_process_of_a_program_that_fails(tmp_path, capfd):
    program = (
        "import sys, pulumi\ntoken = pulumi.Config('slipway').require('token')\n"
        "print(token)\nprint(token, file=sys.stderr)\npulumi.log.error(token)\n"
        "raise ValueError(token)\n"
    )
    with pytest.raises(StackError) as raised:
        evaluate([Program(project(tmp_path, program), "dev", OVERRIDES)], KEY)
    assert "hunter2" not in str(raised.value)
    assert capfd.readouterr() == ("", "")
    assert "slipway" in sys.modules
