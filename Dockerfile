# runlens in a container: docker run --rm -v "$PWD:/runs:ro" runlens check logs/exp7
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY runlens runlens
RUN python -m venv /opt/runlens \
 && /opt/runlens/bin/pip install --no-cache-dir --constraint constraints.txt ".[slack,remote]"

FROM python:3.12-slim
COPY --from=build /opt/runlens /opt/runlens
RUN useradd --create-home --uid 1000 runlens
USER runlens
WORKDIR /runs
ENV PATH=/opt/runlens/bin:$PATH PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib
ENTRYPOINT ["runlens"]
CMD ["--help"]
