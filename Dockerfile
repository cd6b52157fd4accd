# The simulator in a container, built from this checkout: docker build -t mockidp .
#   docker run --rm -p 127.0.0.1:8400:8400 mockidp
# What it is asked to remember (its certificate authority) is in the volume /var/lib/mockidp. Its pages and its control
# interface answer at this machine's addresses and at the names in MOCKIDP_CONTROL_HOST: a service's, in Compose.

FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY contracts ./contracts
COPY mockidp ./mockidp
COPY providers ./providers
RUN python -m venv /opt/mockidp
RUN /opt/mockidp/bin/pip install --no-cache-dir --disable-pip-version-check '.[redis]'

FROM python:3.13-slim
COPY --from=build /opt/mockidp /opt/mockidp
RUN useradd --system --uid 10001 --home-dir /var/lib/mockidp --no-create-home --shell /usr/sbin/nologin mockidp
RUN install -d -o mockidp -g mockidp -m 0755 /var/lib/mockidp /var/lib/mockidp/container
ENV PATH="/opt/mockidp/bin:$PATH" MOCKIDP_HOME="/var/lib/mockidp" MOCKIDP_CONTROL_HOST="mockidp" PYTHONUNBUFFERED="1"
USER mockidp
WORKDIR /var/lib/mockidp
VOLUME ["/var/lib/mockidp"]
EXPOSE 8400
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s --retries=3 CMD ["python", "-c", "import sys, urllib.request as u; sys.exit(b'ok' not in u.build_opener(u.ProxyHandler({})).open('http://127.0.0.1:8400/_mockidp/health', timeout=2).read())"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["mockidp"]
CMD ["serve", "--host", "0.0.0.0"]
