"""A resource monitor that records what a Pulumi program registers, and deploys nothing.

The program runs unchanged: it is handed this object where it would find the Pulumi engine. Unlike
`pulumi.runtime.set_mocks` it keeps parents, protection, dependencies, aliases and source positions.
"""

import hashlib
import importlib
import json
import threading
from collections.abc import Mapping
from typing import Any

from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi import _types
from pulumi.dynamic.dynamic import PROVIDER_KEY
from pulumi.runtime import rpc
from pulumi.runtime.proto import resource_pb2 as pb

from slipway.errors import StackError
from slipway.stack.graph import Graph, Question, Reference, Resource
from slipway.stack.invokes import Invokes
from slipway.stack.outputs import FIRST, Outputs, Unknown
from slipway.stack.urns import Alias, former, urn

_SUPPORTED = (
    pb.RESOURCE_MONITOR_FEATURE_SECRETS,
    pb.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    pb.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
)
_SUPPORTED_IDS = ("secrets", "aliasSpecs", "deletedWith")
_STACK = "pulumi:pulumi:Stack"
_DYNAMIC = "pulumi-python:"
"""Resources whose provider is Python code of the program: all they have is what they are given."""
_KEYWORDS = {"lambda": "lambda_"}


class Recorder:
    """Answers the calls of `pulumi.runtime` as the engine's monitor does in a preview.

    The program's tasks call it one after another or at once: every answer is made under a lock.
    """

    def __init__(
        self, project: str, stack: str, invokes: Invokes, outputs: Outputs = FIRST
    ) -> None:
        self._project = project
        self._stack = stack
        self._invokes = invokes
        self._made_up = outputs
        self._resources: dict[str, Resource] = {}
        self._references: dict[str, Reference] = {}
        self._questions: dict[str, Question] = {}
        self._declared: dict[str, tuple[str, ...]] = {}
        self._outputs: Mapping[str, Any] = {}
        self._output_secrets: tuple[str, ...] = ()
        self._lock = threading.Lock()

    def graph(self) -> Graph:
        return Graph(
            project=self._project,
            stack=self._stack,
            resources=tuple(self._resources.values()),
            outputs=self._outputs,
            references=dict(self._references),
            declared=dict(self._declared),
            output_secrets=self._output_secrets,
            region=self._invokes.region,
            questions=tuple(self._questions.values()),
        )

    # Pulumi's protocol: names and signatures are those of its ResourceMonitor service.

    def GetDeploymentInfo(self, _request: Any, _context: Any = None) -> Any:  # noqa: N802
        return pb.DeploymentInfo(
            project=self._project, stack=self._stack, dryRun=True, supportedFeatures=_SUPPORTED
        )

    def SupportsFeature(self, request: Any, _context: Any = None) -> Any:  # noqa: N802
        return pb.SupportsFeatureResponse(hasSupport=request.id in _SUPPORTED_IDS)

    def SignalAndWaitForShutdown(self, _request: Any, _context: Any = None) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any, _context: Any = None) -> Any:  # noqa: N802
        return pb.RegisterPackageResponse(ref=request.name)

    def ReadResource(self, request: Any, _context: Any = None) -> Any:  # noqa: N802
        raise StackError(
            f"{request.name} reads an existing {request.type}",
            why="what exists in an account is not known offline",
            mend="Give its identifier as a setting instead of calling .get().",
        )

    def RegisterResourceOutputs(self, request: Any, _context: Any = None) -> Any:  # noqa: N802
        with self._lock:
            resource = self._resources[request.urn]
            if resource.type == _STACK:
                self._outputs, self._output_secrets = _plain(
                    json_format.MessageToDict(request.outputs)
                )
        return empty_pb2.Empty()

    def RegisterResource(self, request: Any, _context: Any = None) -> Any:  # noqa: N802
        own = urn(self._stack, self._project, request.type, request.name, request.parent)
        properties, secrets = _plain(json_format.MessageToDict(request.object))
        properties.pop(PROVIDER_KEY, None)
        timeouts = {
            name: value
            for name in ("create", "update", "delete")
            if (value := getattr(request.customTimeouts, name))
        }
        resource = Resource(
            urn=own,
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=request.custom,
            properties=properties,
            provider=request.provider,
            protect=request.protect,
            depends_on=tuple(request.dependencies),
            property_dependencies={
                name: tuple(found.urns) for name, found in request.propertyDependencies.items()
            },
            ignore_changes=tuple(request.ignoreChanges),
            replace_on_changes=tuple(request.replaceOnChanges),
            delete_before_replace=request.deleteBeforeReplace,
            retain_on_delete=request.retainOnDelete,
            deleted_with=request.deletedWith,
            aliases=self._former(own, request),
            import_id=request.importId,
            timeouts=timeouts,
            secrets=secrets,
            source=_source(request),
        )
        with self._lock:
            if own in self._resources:
                raise StackError(
                    f"Two resources are called {request.name}",
                    why=f"both would be {own}",
                    mend="Give one another name.",
                )
            self._resources[own] = resource
            if not request.custom:
                return pb.RegisterResourceResponse(urn=own)
            if request.type.startswith("pulumi:providers:"):
                return pb.RegisterResourceResponse(urn=own, id=request.name, object=request.object)
            outputs = self._computed(resource)
        answer = struct_pb2.Struct()
        answer.update(outputs)
        return pb.RegisterResourceResponse(urn=own, id=outputs["id"], object=answer)

    def Invoke(self, request: Any, _context: Any = None) -> Any:  # noqa: N802
        arguments, _ = _plain(json_format.MessageToDict(request.args))
        answer = struct_pb2.Struct()
        if self._invokes.knows(request.tok):
            answer.update(self._invokes.answer(request.tok, arguments))
        else:
            answer.update(self._asked(request, arguments))
        return pb.ResourceInvokeResponse(**{"return": answer})

    def _asked(self, request: Any, arguments: dict[str, Any]) -> dict[str, Any]:
        """What a question would be answered with, as references; the same question once."""
        declared = _result_types(request.tok)
        if declared is None:  # nothing says what the answer consists of
            return self._invokes.answer(request.tok, arguments)
        digest = hashlib.sha256(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
        name = f"{request.tok.rpartition(':')[2]}-{digest[:8]}"
        question = Question(
            urn(self._stack, self._project, request.tok, name),
            request.tok,
            arguments,
            request.provider,
        )
        asking = Resource(question.urn, request.tok, name, "", custom=True, properties=arguments)
        with self._lock:
            self._questions[question.urn] = question
            unknown = Unknown(asking, self._references, self._made_up)
            made_up = {name: unknown.value(name, hint) for name, hint in declared.items()}
        return {**made_up, **arguments, "id": unknown.text("id")}

    def _former(self, own: str, request: Any) -> tuple[str, ...]:
        above = self._resources.get(request.parent)
        aliases = [
            Alias(
                urn=alias.urn,
                name=alias.spec.name,
                type=alias.spec.type,
                parent=alias.spec.parentUrn,
                stack=alias.spec.stack,
                project=alias.spec.project,
                no_parent=alias.spec.noParent,
            )
            for alias in request.aliases
        ]
        return former(own, request.type, request.parent, above.aliases if above else (), aliases)

    def _computed(self, resource: Resource) -> dict[str, Any]:
        """The outputs: inputs as given, and a reference for all that was left to AWS."""
        unknown = Unknown(resource, self._references, self._made_up)
        if resource.type.startswith(_DYNAMIC):
            return {**resource.properties, "id": unknown.text("id")}
        # Nothing is made up for what is given: the type of a firewall's rules contains itself.
        declared = _types.resource_types(_sdk_class(resource.type))
        self._declared[resource.type] = tuple(declared)
        outputs = {
            name: resource.properties[name]
            if name in resource.properties
            else unknown.value(name, hint)
            for name, hint in declared.items()
        }
        return {**outputs, "id": unknown.text("id")}


def _source(request: Any) -> str:
    """`file:line`; empty where the SDK found no line of the program."""
    position = request.sourcePosition
    return f"{position.uri.rpartition('/')[2]}:{position.line}" if position.uri else ""


def _sdk_class(token: str) -> type:
    """`aws:ec2/vpc:Vpc` is `pulumi_aws.ec2.Vpc`."""
    package, module, name = token.split(":")
    module = module.split("/")[0]
    path = f"pulumi_{package}" + ("" if module == "index" else f".{_KEYWORDS.get(module, module)}")
    found: type = getattr(importlib.import_module(path), name)
    return found


def _result_types(token: str) -> dict[str, Any] | None:
    """Names and types of what `aws:ec2/getVpc:getVpc` answers; None where the SDK has no such."""
    if not token.startswith("aws:"):
        return None
    _, module, function = token.split(":")
    result = f"{function[:1].upper()}{function[1:]}Result"
    try:
        found = _sdk_class(f"aws:{module}:{result}")
    except (ImportError, AttributeError):
        return None
    return _types.output_type_types(found)


def _plain(value: Any, path: str = "") -> tuple[Any, tuple[str, ...]]:
    """A value without Pulumi's wrapping of secrets, and the paths where there was one."""
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return _plain(value["value"], path)[0], (path,)
        items = {k: _plain(v, f"{path}.{k}" if path else k) for k, v in value.items()}
        return {k: v for k, (v, _) in items.items()}, sum((s for _, s in items.values()), ())
    if isinstance(value, list):
        inner = [_plain(v, f"{path}[{i}]") for i, v in enumerate(value)]
        return [v for v, _ in inner], sum((s for _, s in inner), ())
    if isinstance(value, float) and value.is_integer():
        return int(value), ()  # on the wire every number is a float
    return value, ()
