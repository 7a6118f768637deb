# docker build --tag runner . && docker run --rm --read-only --tmpfs /tmp --volume "$PWD:/work" runner plan
FROM python:3.14-slim AS build
WORKDIR /source
COPY .ci/requirements.txt .ci/requirements.txt
RUN python -m venv /opt/runner \
    && /opt/runner/bin/python -m pip install --no-cache-dir --require-hashes --requirement .ci/requirements.txt
COPY pyproject.toml README.md LICENSE checkly_sessions_emulator.py ./
COPY runner runner
COPY schemas schemas
RUN /opt/runner/bin/python -m pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/runner/bin/python -m pip uninstall --yes hatchling pip

FROM python:3.14-slim
LABEL org.opencontainers.image.title="Checkly Sessions Runner" \
      org.opencontainers.image.licenses="MIT"
# git supplies the commit, and `plan --base` reads from it; the mounted folder belongs to another user.
# hadolint ignore=DL3008 # the base image pins its release, and its updates are wanted
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory '*'
COPY --from=build /opt/runner /opt/runner
ENV PATH=/opt/runner/bin:$PATH PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["runner"]
