# The images of the aggregator's programs, one target for each; without a target, the federation's. Built and run for
# real by scripts/container-test.sh.

FROM docker.io/library/node:24-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# No package's install script is needed: better-sqlite3 carries its binaries, and the package `node` would only fetch
# the runtime that this image is made of.
RUN npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.sh scripts/copy-pages.sh ./scripts/
COPY src ./src
RUN npm run build && chmod +x dist/main.js \
    && npm prune --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error

FROM docker.io/library/node:24-bookworm-slim AS runtime
# A release adds version, revision and time (.github/workflows/release.yml).
LABEL org.opencontainers.image.title="Truebit federation aggregator" \
      org.opencontainers.image.description="Counts what a federation of Truebit node monitors reports over NATS" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.source="https://github.com/truebit-aggregator/truebit-aggregator" \
      org.opencontainers.image.documentation="https://github.com/truebit-aggregator/truebit-aggregator#readme" \
      org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
# What installs or compiles has no work here, and is nothing for a stranger to find.
RUN rm -rf /usr/local/lib/node_modules /usr/local/include /opt/yarn* \
        /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    && ln -s /app/dist/main.js /usr/local/bin/aggregator \
    && mkdir /data \
    && chown node:node /data \
    && mkdir /app \
    && ln -s /data /app/data \
    # Where service and enclave meet if they are two containers. The enclave has a user of its own in the group of the service.
    && useradd --system --uid 1001 --gid node --no-create-home --shell /usr/sbin/nologin enclave \
    && mkdir /run/aggregator \
    && chown enclave:node /run/aggregator \
    && chmod 2770 /run/aggregator
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
ENV NODE_ENV=production
USER node
VOLUME /data
STOPSIGNAL SIGTERM

# docker build --target mining -t truebit-aggregator:mining . The file aggregator_config.yaml lies in /data, and so do the
# database and the log.
FROM runtime AS mining
WORKDIR /data
EXPOSE 8080 8081
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "/app/dist/main.js", "mining", "status", "--live"]
CMD ["node", "--max-semi-space-size=8", "/app/dist/main.js", "mining"]

# docker build --target trades -t truebit-aggregator:trades . The key is never made here: mount one, read-only, and name it in
# AGGREGATOR_PRIVATE_KEY.
FROM runtime AS trades
ENV AGGREGATOR_HOST=0.0.0.0 \
    ENCLAVE=join \
    ENCLAVE_SOCKET=/run/aggregator/enclave.sock
EXPOSE 5000 5010
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "dist/main.js", "trades", "status", "--live"]
CMD ["node", "--max-semi-space-size=8", "dist/main.js", "trades"]

# docker build --target enclave -t truebit-aggregator:enclave . The process that holds exchange keys, under a user of its own. The
# seal key is made in /keys, which only this container mounts; /run/aggregator is shared with the service.
FROM runtime AS enclave
USER root
RUN mkdir /keys && chown enclave:node /keys && chmod 0700 /keys
USER enclave
ENV ENCLAVE_HOST=0.0.0.0 \
    ENCLAVE_SOCKET=/run/aggregator/enclave.sock \
    ENCLAVE_SEAL_KEY=/keys/enclave_seal.key
VOLUME /keys
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "dist/main.js", "enclave", "status", "--live"]
CMD ["node", "--disable-sigusr1", "--report-exclude-env", "--max-semi-space-size=8", "dist/main.js", "enclave"]

# docker build --target agent -t truebit-aggregator:agent . The node's side: mount the node's folders read-only at /app/build/datadb
# and /app/logs. It opens no port that monitors need.
FROM runtime AS agent
USER root
RUN mkdir -p /app/build/datadb /app/logs
USER node
ENV HOST=0.0.0.0
EXPOSE 8090
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "dist/main.js", "agent", "status", "--live"]
CMD ["node", "--max-semi-space-size=8", "dist/main.js", "agent"]

# The federation; with a setting of trades (AGGREGATOR_BACKEND_URL, AGGREGATOR_PRIVATE_KEY) it is trades. It brings no
# broker: NATS_URL names one.
FROM runtime AS federation
ENV HTTP_HOST=0.0.0.0 \
    EMBEDDED_NATS=off \
    ENCLAVE_HOST=0.0.0.0 \
    ENCLAVE_SEAL_KEY=/data/enclave_seal.key
EXPOSE 8080 5000 5010 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "dist/main.js", "status", "--live"]
CMD ["node", "--max-semi-space-size=8", "dist/main.js"]
