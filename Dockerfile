# The API, its workers and the migration: the same image, started with another file.

FROM oven/bun:1.4.5-slim AS dependencies
WORKDIR /app
COPY package.json bun.lock ./
COPY shared/package.json shared/
COPY lua/package.json lua/
COPY drizzle/package.json drizzle/
COPY api/package.json api/
COPY tui/package.json tui/
COPY grafana/package.json grafana/
RUN bun install --frozen-lockfile --production --ignore-scripts --filter @flash-sale/api

# No shell and no package manager. Its entry point is Bun.
FROM oven/bun:1.4.5-distroless
WORKDIR /app
COPY --from=dependencies /app ./
COPY shared shared/
COPY lua lua/
COPY drizzle drizzle/
COPY api api/
ENV NODE_ENV=production
USER 65532:65532
EXPOSE 8000 8001
CMD ["api/server.ts"]
