# One file for both images: --target operator, and --target agent with --build-arg PG_MAJOR=17.
# The context holds dist/ (made by hack/bundle.ts) and bin/node (the binary of the npm package `node`).
ARG BASE=docker.io/library/debian:trixie-slim

FROM ${BASE} AS base
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates libatomic1 tzdata \
 && rm -rf /var/lib/apt/lists/* \
 && echo 'holdfast:x:65532:65532:holdfast:/nonexistent:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'holdfast:x:65532:' >> /etc/group

FROM base AS operator
COPY bin/node /usr/local/bin/node
COPY dist /app
USER 65532:65532
WORKDIR /app
# Most of its memory is a heap that lives long: little room for what dies young. V8's --optimize-for-size would collect garbage all the time,
# also where nothing happens, for no less memory (bench/README.md).
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "/app/operator.js"]

FROM base AS agent
ARG PG_MAJOR=17
RUN apt-get update \
 && if ! apt-cache show postgresql-${PG_MAJOR} > /dev/null 2>&1; then \
      echo "This base has no PostgreSQL ${PG_MAJOR}: choose another base image, or add its package source" >&2; exit 1; fi \
 && apt-get install -y --no-install-recommends postgresql-${PG_MAJOR} zstd age bash mawk \
 && rm -rf /var/lib/apt/lists/* /var/lib/postgresql
ENV PATH=/usr/lib/postgresql/${PG_MAJOR}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
COPY bin/node /usr/local/bin/node
COPY dist /app
USER 65532:65532
WORKDIR /app
# Buffers of streams are memory outside of V8's heap, and make it collect a small heap all the time. A small young generation frees them sooner, and marking
# at once instead of step by step costs a fifth less processor time; an agent may stand still for 20 ms (bench/README.md).
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=1", "--no-incremental-marking", "/app/agent.js"]
