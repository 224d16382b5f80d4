import type { ConnectionOptions } from 'mysql2/promise';

/** mysql://user:password@host:port/database, with `?socketPath=` for a unix socket and `?ssl` for TLS. */
export function connectionOptions(databaseUrl: string): ConnectionOptions {
  const { hostname, port, username, password, pathname, searchParams } = new URL(databaseUrl);
  const socketPath = searchParams.get('socketPath');
  return {
    ...(socketPath === null ? { host: hostname, port: Number(port || 3306) } : { socketPath }),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ...(searchParams.has('ssl') ? { ssl: {} } : {}),
  };
}
