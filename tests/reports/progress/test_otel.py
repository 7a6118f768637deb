"""Traces and metrics, as a collector gets them: OTLP over HTTP on loopback."""

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from runner.models.events import ApplyFinished
from runner.models.outcome import ApplyOutcome, Subject
from runner.models.verdict import Verdict
from runner.reports.progress.listeners import Surroundings, wants_open_telemetry
from runner.reports.progress.otel import OpenTelemetryReporter
from tests.reports.outcomes import apply, at, attempt, check, instance, offline
from tests.reports.test_hostile import TEXTS
from tests.reports.test_hostile import outcome as hostile_outcome

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FLAKY = check(
    "Login",
    Verdict.FLAKY,
    attempts=(attempt(Verdict.FAILED, 2, 5), attempt(Verdict.PASSED, 6, 8, 2)),
)
OUTCOME = apply(
    instance("smoke", checks=(FLAKY, check("Search"))),
    instance("api", Verdict.FAILED, reason="It broke."),
    exit_code=1,
    tested=Subject(commit="5" * 40, branch="main", ci_run="https://ci.example/1"),
)


class Collector(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status = 200
        self.traces = ExportTraceServiceRequest()
        self.metrics = ExportMetricsServiceRequest()

    @property
    def spans(self) -> list[Any]:
        return [
            span
            for resource in self.traces.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        taken: dict[str, Any] = {
            "/v1/traces": self.server.traces,
            "/v1/metrics": self.server.metrics,
        }
        taken[self.path].MergeFromString(body)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with Collector() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
        yield server
        server.shutdown()


def tell(outcome: ApplyOutcome, **environ: str) -> None:
    reporter = OpenTelemetryReporter(Surroundings(print, environ, offline))
    reporter.handle(ApplyFinished(at(50), outcome))
    reporter.tick(at(50))
    reporter.close()


def attributes(span: Any) -> dict[str, Any]:
    return {each.key: each.value.string_value or each.value.int_value for each in span.attributes}


def test_the_trace_goes_from_the_apply_to_each_attempt(collector: Collector) -> None:
    tell(OUTCOME, TRACEPARENT=PARENT)
    spans = collector.spans
    by_id = {span.span_id: span for span in spans}
    shape = {
        (by_id[span.parent_span_id].name if span.parent_span_id in by_id else "", span.name)
        for span in spans
    }
    assert shape == {
        ("", "apply"),
        ("apply", "session smoke"),
        ("apply", "session api"),
        ("session smoke", "check Login"),
        ("session smoke", "check Search"),
    }
    assert [span.name for span in spans].count("check Login") == 2
    assert {span.trace_id.hex() for span in spans} == {PARENT.split("-")[1]}
    (root,) = [span for span in spans if span.name == "apply"]
    assert root.parent_span_id.hex() == PARENT.split("-")[2]
    assert root.end_time_unix_nano - root.start_time_unix_nano == 45_000_000_000
    told = attributes(root)
    assert told["cicd.pipeline.run.id"] == OUTCOME.apply_id
    assert told["cicd.pipeline.result"] == "failure"
    assert told["vcs.ref.head.revision"] == "5" * 40
    assert "checkly.account" not in told
    (broken,) = [span for span in spans if span.name == "session api"]
    assert broken.status.message == "It broke."


def test_metrics_count_verdicts_and_durations(collector: Collector) -> None:
    tell(OUTCOME)
    (resource,) = collector.metrics.resource_metrics
    named = {metric.name: metric for metric in resource.scope_metrics[0].metrics}
    counted = {
        attributes(point)["checkly.verdict"]: point.as_int
        for point in named["checkly.session.verdicts"].sum.data_points
    }
    assert counted == {"passed": 1, "failed": 1}
    durations = named["checkly.session.duration"].histogram.data_points
    assert sum(point.sum for point in durations) == 80
    assert named["checkly.check.duration"].histogram.data_points
    service = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert service["service.name"] == "checkly-sessions-runner"


def test_none_means_none(collector: Collector) -> None:
    tell(OUTCOME, OTEL_TRACES_EXPORTER="none", OTEL_METRICS_EXPORTER="none")
    assert collector.spans == []
    assert not collector.metrics.resource_metrics


def test_a_collector_that_refuses_is_trouble(collector: Collector) -> None:
    collector.status = 400
    with pytest.raises(ConnectionError, match="400"):
        tell(OUTCOME)


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://x"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_the_standard_variables_switch_it_on(environ: dict[str, str], wanted: bool) -> None:
    assert wants_open_telemetry(environ) is wanted


@pytest.mark.parametrize("kind", TEXTS)
def test_a_hostile_text_is_data(collector: Collector, kind: str) -> None:
    tell(hostile_outcome(TEXTS[kind]), OTEL_METRICS_EXPORTER="none")
    assert "apply" in [span.name for span in collector.spans]
