# The server of an evening (docs/howto/hosting.md). It holds the lock: what is not in
# requirements/web.txt, with its hash, is not installed. It makes no runs of its own data.
FROM python:3.11-slim

# LightGBM needs OpenMP
RUN apt-get update \
 && apt-get install --yes --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 risicomodel

WORKDIR /app
COPY requirements/web.txt requirements/web.txt
RUN pip install --no-cache-dir --no-deps --require-hashes --requirement requirements/web.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY configs configs
# the program that builds it is fetched for the build only
RUN pip install --no-cache-dir --no-deps .

USER risicomodel
ENV RISICOMODEL_HOME=/data MLFLOW_DISABLE_TELEMETRY=true
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["risicomodel"]
CMD ["review", "serve", "/data/round", "network=yes"]
