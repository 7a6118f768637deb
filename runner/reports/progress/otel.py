"""OpenTelemetry: a trace and metrics of an apply, by the standard exporter over HTTP.

Switched on by the standard ``OTEL_*`` variables alone, which the SDK reads by itself. Names follow
the semantic conventions of CI/CD, VCS and tests.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from runner.models.events import ApplyFinished, Event
from runner.models.outcome import ApplyOutcome, CheckOutcome, InstanceOutcome
from runner.reports.apply import wording
from runner.reports.progress.listeners import Listener, Surroundings
from runner.reports.text.sanitize import one_line

_NAME: Final = "checkly-sessions-runner"
_LONGEST: Final = 2_000


class OpenTelemetryReporter(Listener):
    """Exports when the apply is over: apply → instance → attempt of a check."""

    def __init__(self, surroundings: Surroundings) -> None:
        environ = surroundings.environ
        named = {} if environ.get("OTEL_SERVICE_NAME") else {"service.name": _NAME}
        resource = Resource.create(named)
        self._troubles = _Troubles()
        logging.getLogger("opentelemetry").addHandler(self._troubles)
        logging.getLogger("opentelemetry").propagate = False
        self._traces = TracerProvider(resource=resource)
        if environ.get("OTEL_TRACES_EXPORTER", "otlp") == "otlp":
            self._traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        readers = []
        if environ.get("OTEL_METRICS_EXPORTER", "otlp") == "otlp":
            # It exports when it is shut down; an apply may be over before any interval is.
            readers.append(PeriodicExportingMetricReader(OTLPMetricExporter()))
        self._metrics = MeterProvider(readers, resource)
        carrier = {
            "traceparent": environ.get("TRACEPARENT", ""),
            "tracestate": environ.get("TRACESTATE", ""),
        }
        self._parent = TraceContextTextMapPropagator().extract(carrier, Context())

    def handle(self, event: Event) -> None:
        """Create the spans and measurements at the end."""
        if isinstance(event, ApplyFinished):
            self._trace(event.outcome)
            self._measure(event.outcome)

    def close(self) -> None:
        """Export all.

        Raises:
            ConnectionError: The collector did not accept them.
        """
        self._traces.shutdown()
        self._metrics.shutdown()
        logging.getLogger("opentelemetry").removeHandler(self._troubles)
        if self._troubles.first:
            raise ConnectionError(self._troubles.first)

    def _trace(self, outcome: ApplyOutcome) -> None:
        tested, result = outcome.tested, wording.result(outcome)
        span = self._start(
            "apply",
            self._parent,
            outcome.started_at,
            {
                "cicd.pipeline.name": "runner apply",
                "cicd.pipeline.run.id": outcome.apply_id,
                "cicd.pipeline.run.url.full": tested.ci_run,
                "cicd.pipeline.result": "success" if outcome.exit_code == 0 else "failure",
                "checkly.result": result,
                "checkly.account": tested.account,
                "checkly.scope": tested.scope,
                "deployment.environment.name": tested.environment,
                "vcs.ref.head.revision": tested.commit,
                "vcs.ref.head.name": tested.branch,
            },
        )
        context = trace.set_span_in_context(span, self._parent)
        for instance in outcome.instances:
            self._trace_instance(instance, context, outcome.started_at)
        _end(span, outcome.stopped_at, None if outcome.exit_code == 0 else result)

    def _trace_instance(self, instance: InstanceOutcome, parent: Context, at: datetime) -> None:
        status = "success" if instance.verdict.is_pass else "failure"
        span = self._start(
            f"session {instance.name}",
            parent,
            instance.started_at or at,
            {
                "test.suite.name": instance.name,
                "test.suite.run.status": status,
                "checkly.profile": instance.profile,
                "checkly.verdict": instance.verdict.value,
                "checkly.session.id": instance.session_id,
                "checkly.session.url": instance.link,
                "cloud.region": instance.run_location,
            },
        )
        context = trace.set_span_in_context(span, parent)
        for check in instance.checks:
            self._trace_check(check, context)
        failed = None if instance.verdict.is_pass else instance.reason or instance.verdict.value
        _end(span, instance.stopped_at or instance.started_at or at, failed)

    def _trace_check(self, check: CheckOutcome, parent: Context) -> None:
        for number, attempt in enumerate(check.attempts, 1):
            if attempt.started_at is None:
                continue
            passed = attempt.verdict.is_pass
            span = self._start(
                f"check {check.name}",
                parent,
                attempt.started_at,
                {
                    "test.case.name": check.name,
                    "test.case.result.status": "pass" if passed else "fail",
                    "checkly.check.id": check.check_id,
                    "checkly.check.type": check.check_type,
                    "checkly.verdict": attempt.verdict.value,
                    "checkly.attempt": number,
                    "checkly.result.url": attempt.link,
                    "cloud.region": check.run_location,
                },
            )
            failed = None if passed else attempt.error or check.error or attempt.verdict.value
            _end(span, attempt.stopped_at or attempt.started_at, failed)

    def _start(
        self, name: str, parent: Context, at: datetime, attributes: Mapping[str, str | int | None]
    ) -> Span:
        known = {
            key: one_line(value, _LONGEST) if isinstance(value, str) else value
            for key, value in attributes.items()
            if value
        }
        return self._traces.get_tracer(_NAME).start_span(
            one_line(name, 200), parent, attributes=known, start_time=_nanoseconds(at)
        )

    def _measure(self, outcome: ApplyOutcome) -> None:
        meter = self._metrics.get_meter(_NAME)
        verdicts = meter.create_counter("checkly.session.verdicts", "{session}")
        sessions = meter.create_histogram("checkly.session.duration", "s")
        checks = meter.create_histogram("checkly.check.duration", "s")
        for instance in outcome.instances:
            about = {"checkly.profile": instance.profile, "checkly.verdict": instance.verdict.value}
            verdicts.add(1, about)
            if instance.seconds is not None:
                sessions.record(instance.seconds, about)
            for check in instance.checks:
                if (taken := check.seconds) is not None:
                    told = {
                        "test.case.name": one_line(check.name, 200),
                        "checkly.verdict": check.verdict.value,
                    }
                    checks.record(taken, told)


class _Troubles(logging.Handler):
    """Collects what the exporters log, since they raise nothing."""

    first = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            self.first = self.first or record.getMessage()


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1_000


def _end(span: Span, at: datetime, failed: str | None) -> None:
    if failed is not None:
        span.set_status(Status(StatusCode.ERROR, one_line(failed, _LONGEST)))
    span.end(_nanoseconds(at))
