# The page in a container: docker build -t hypviz . && docker run --rm -p 127.0.0.1:7860:7860 hypviz   (docs/publish.md)
FROM python:3.11-slim

# cpu, or cuda: what the encoder runs on unless --device says otherwise. The packages are the same, those of the lock file: PyPI's torch for
# Linux carries CUDA and runs without.
ARG ACCELERATOR=cpu
ENV HYPVIZ_ACCELERATOR=$ACCELERATOR \
    HYPVIZ_HOME=/home/hypviz/data \
    NVIDIA_VISIBLE_DEVICES=all \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# own pictures and workspaces belong to this user; 1000 is what Spaces run a container as, too
RUN useradd --create-home --uid 1000 hypviz && install --directory --owner hypviz /home/hypviz/data

WORKDIR /app
COPY requirements.lock ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock

COPY pyproject.toml LICENSE README.md app.py ./
COPY hypviz hypviz
COPY assets assets
COPY checkpoints checkpoints

USER hypviz
VOLUME /home/hypviz/data
EXPOSE 7860
HEALTHCHECK --start-period=120s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://localhost:7860/healthz', timeout=5)"]

# Whoever may reach the port is let in (docker's -p says who) and changes nothing; other options take the place of these two.
ENTRYPOINT ["sh", "-c", "exec python app.py --host 0.0.0.0 --no-browser --device \"$HYPVIZ_ACCELERATOR\" \"$@\"", "hypviz"]
CMD ["--no-auth", "--read-only"]
