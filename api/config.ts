import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import {
  oneOf,
  parseEnvironment,
  port,
  text,
  url,
  type Values,
  type Variable,
} from '@flash-sale/shared/environment.ts';
import {
  OPERATOR_TOKEN_LENGTH_MIN,
  API_PROCESSES_MAX,
  STRIPE_SECRET_LENGTH_MIN,
  WEBHOOK_SECRET_BYTES_MIN,
} from '@flash-sale/shared/limits.ts';

const webhookSecrets: Variable<readonly string[]> = {
  expected: `one or more secrets, separated by commas, each of at least ${WEBHOOK_SECRET_BYTES_MIN} bytes (or whsec_ and base64)`,
  fallback: [],
  secret: true,
  parse(value) {
    const secrets = value.split(',').map((secret) => secret.trim());
    return secrets.every((secret) => secretBytes(secret) >= WEBHOOK_SECRET_BYTES_MIN) ? secrets : undefined;
  },
};

function secretBytes(secret: string): number {
  if (!secret.startsWith('whsec_')) return Buffer.byteLength(secret);
  const coded = secret.slice('whsec_'.length);
  // The verifier's base64 is the strict one: a secret that it cannot read would reject every webhook.
  const isStrict = /^[A-Za-z0-9+/]*={0,2}$/.test(coded) && coded.length % 4 === 0;
  return isStrict ? Buffer.from(coded, 'base64').length : 0;
}

/** Stripe signs with the whole text, `whsec_` and all. */
const stripeSecrets: Variable<readonly string[]> = {
  expected: `one or more of Stripe's signing secrets (whsec_...), separated by commas, each of at least ${STRIPE_SECRET_LENGTH_MIN} printable characters`,
  fallback: [],
  secret: true,
  parse(value) {
    const secrets = value.split(',').map((secret) => secret.trim());
    return secrets.every((secret) => secret.length >= STRIPE_SECRET_LENGTH_MIN && /^[!-~]+$/.test(secret))
      ? secrets
      : undefined;
  },
};

const trustedProxies: Variable<BlockList> = {
  expected: 'addresses or networks (10.0.0.0/8, fd00::/8), separated by commas',
  fallback: new BlockList(),
  parse(value) {
    const list = new BlockList();
    const areAdded = value.split(',').every((network) => addNetwork(list, network.trim()));
    return areAdded ? list : undefined;
  },
};

function addNetwork(list: BlockList, network: string): boolean {
  const [address = '', prefix] = network.split('/');
  const family = isIP(address);
  const bits = family === 6 ? 128 : 32;
  const length = prefix === undefined ? bits : Number(prefix);
  if (family === 0 || !/^\d{0,3}$/.test(prefix ?? '') || prefix === '' || length > bits) return false;
  list.addSubnet(address, length, family === 6 ? 'ipv6' : 'ipv4');
  return true;
}

const operatorToken: Variable<string | null> = {
  expected: `a secret of at least ${OPERATOR_TOKEN_LENGTH_MIN} printable characters without spaces`,
  fallback: null,
  secret: true,
  parse: (value) => (value.length >= OPERATOR_TOKEN_LENGTH_MIN && /^[!-~]+$/.test(value) ? value : undefined),
};

const processes: Variable<number> = {
  expected: `a whole number, 1 to ${API_PROCESSES_MAX}`,
  fallback: 1,
  parse(value) {
    const count = /^\d{1,3}$/.test(value) ? Number(value) : 0;
    return count >= 1 && count <= API_PROCESSES_MAX ? count : undefined;
  },
};

const REDIS_SCHEMES = ['redis', 'rediss'];

/** One set of nodes has one user and one password. */
function redisNodes(otherwise: readonly string[]): Variable<readonly string[]> {
  return {
    expected:
      'redis:// or rediss:// and host:port, one or more, separated by commas, all with the same user and password and without a database number',
    fallback: [],
    secret: true,
    otherwise,
    parse(value) {
      const nodes = value.split(',').map((node) => node.trim());
      if (!nodes.every(isNodeUrl)) return undefined;
      const access = nodes.map((node) => {
        const { protocol, username, password } = new URL(node);
        return [protocol, username, password].join(' ');
      });
      return new Set(access).size === 1 ? nodes : undefined;
    },
  };
}

function isRedisUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return REDIS_SCHEMES.includes(protocol.slice(0, -1)) && hostname !== '';
}

const redisUrl: Variable<string | null> = {
  ...url([...REDIS_SCHEMES, 'unix']),
  expected:
    'redis://, rediss:// or unix:///path, after the host at most the number of a database (redis://host/2)',
  parse(value) {
    if (!URL.canParse(value)) return undefined;
    const { protocol, pathname } = new URL(value);
    if (protocol === 'unix:') return value;
    return isRedisUrl(value) && IS_DATABASE.test(pathname) ? value : undefined;
  },
};

/** What stands behind the host: nothing, or a number. */
const IS_DATABASE = /^(\/\d*)?$/;

/** A cluster has database 0 alone, and sentinels have none: a number that is not heeded would be a surprise. */
function isNodeUrl(text: string): boolean {
  return isRedisUrl(text) && /^\/?0?$/.test(new URL(text).pathname);
}

/** A URL whose host is the name: the password of the data has its place in it, and a name alone is enough without. */
const sentinelMaster: Variable<string> = {
  expected: 'the name that the sentinels know the master by, or redis://user:password@name',
  fallback: 'redis://flash-sale',
  secret: true,
  parse(value) {
    const url = value.includes('://') ? value : `redis://${value}`;
    return isRedisUrl(url) && IS_DATABASE.test(new URL(url).pathname) ? url : undefined;
  },
};

/** Every variable that an API process reads; `.env.example` lists the same. Secrets may be in files: `NAME_FILE`. */
export const ENVIRONMENT = {
  NODE_ENV: text('development'),
  PORT: port(8_000),
  HOST: text('127.0.0.1'),
  OPS_PORT: port(8_001),
  OPS_HOST: text('127.0.0.1'),
  DATA_DIR: text('.flashsale'),
  REDIS_URL: redisUrl,
  REDIS_CLUSTER_NODES: redisNodes(['REDIS_URL']),
  REDIS_SENTINELS: redisNodes(['REDIS_URL', 'REDIS_CLUSTER_NODES']),
  REDIS_SENTINEL_MASTER: sentinelMaster,
  DATABASE_URL: url(['mysql', 'mariadb']),
  OPERATOR_TOKEN: operatorToken,
  WEBHOOK_SECRET: webhookSecrets,
  STRIPE_WEBHOOK_SECRET: stripeSecrets,
  TRUSTED_PROXIES: trustedProxies,
  WORKERS: oneOf(['inline', 'off'], 'inline'),
  API_PROCESSES: processes,
  LOG_LEVEL: oneOf(['debug', 'info', 'warn', 'error', 'silent'], 'info'),
} as const satisfies Record<string, Variable<unknown>>;

export type Config = Values<typeof ENVIRONMENT>;

type Environment = Readonly<Record<string, string | undefined>>;

/** What nobody would make at random, and what documents print. */
const PLACEHOLDER =
  /change.?me|example|placeholder|password|your.{0,9}(secret|token)|whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw/i;
const LETTERS_MIN = 8;

function isUnguessable(secret: string): boolean {
  const isVaried = new Set(secret.replace(/^(whsec_|fsop_)/, '')).size >= LETTERS_MIN;
  return isVaried && !PLACEHOLDER.test(secret);
}

const WELL_KNOWN =
  /^(|root|admin|pass|passw(or)?d|secret|redis|mysql|mariadb|default|test|changeme|\d{1,8})$/i;
const THIS_MACHINE = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** Who reaches a store on this machine, or its socket, is somebody of this machine. */
function hasOwnPassword(address: string): boolean {
  const { protocol, hostname, username, password, searchParams } = new URL(address);
  if (protocol === 'unix:' || searchParams.has('socketPath') || THIS_MACHINE.test(hostname)) return true;
  return isOwnPassword(password, username);
}

function isOwnPassword(password: string, username: string): boolean {
  return !WELL_KNOWN.test(password) && password !== username;
}

/** Where it is, only the sentinels know: so it is on another machine. */
function hasMasterOwnPassword(master: string): boolean {
  const { username, password } = new URL(master);
  return isOwnPassword(password, username);
}

function inProduction<Value>(
  variable: Variable<Value>,
  isSafe: (value: Value) => boolean,
  expected: string,
): Variable<Value> {
  return {
    ...variable,
    expected: `${variable.expected}; in production ${expected}`,
    parse(value) {
      const parsed = variable.parse(value);
      return parsed !== undefined && isSafe(parsed) ? parsed : undefined;
    },
  };
}

const NO_EXAMPLE = 'made at random, no example';
const PASSWORD = 'with a password of its own, unless it is on this machine';

/** Nobody reads it, and any name will do, where no sentinels are asked. */
function productionMaster({ REDIS_SENTINELS, REDIS_SENTINELS_FILE }: Environment): Variable<string> {
  if (!REDIS_SENTINELS && !REDIS_SENTINELS_FILE) return sentinelMaster;
  return {
    ...inProduction(sentinelMaster, hasMasterOwnPassword, 'with a password of its own'),
    required: 'without it whoever reaches Redis could sell everything, so production does not start',
  };
}

/** The same table, and nothing that others know. */
function productionEnvironment(environment: Environment): typeof ENVIRONMENT {
  const areUnguessable = (secrets: readonly string[]) => secrets.every(isUnguessable);
  const haveOwnPasswords = (urls: readonly string[]) => urls.every(hasOwnPassword);
  const store = (variable: Variable<string | null>) =>
    inProduction(variable, (address) => address === null || hasOwnPassword(address), PASSWORD);
  return {
    ...ENVIRONMENT,
    REDIS_URL: store(ENVIRONMENT.REDIS_URL),
    REDIS_CLUSTER_NODES: inProduction(ENVIRONMENT.REDIS_CLUSTER_NODES, haveOwnPasswords, PASSWORD),
    REDIS_SENTINELS: inProduction(ENVIRONMENT.REDIS_SENTINELS, haveOwnPasswords, PASSWORD),
    REDIS_SENTINEL_MASTER: productionMaster(environment),
    DATABASE_URL: store(ENVIRONMENT.DATABASE_URL),
    OPERATOR_TOKEN: inProduction(
      operatorToken,
      (token) => token === null || isUnguessable(token),
      NO_EXAMPLE,
    ),
    WEBHOOK_SECRET: {
      ...inProduction(webhookSecrets, areUnguessable, NO_EXAMPLE),
      required: 'without it anybody could mark an order as paid, so production does not start',
    },
    STRIPE_WEBHOOK_SECRET: inProduction(stripeSecrets, areUnguessable, NO_EXAMPLE),
  };
}

/** @throws EnvironmentError with every fault in one message. */
export function readConfig(environment: Environment = process.env): Config {
  const table = environment['NODE_ENV'] === 'production' ? productionEnvironment(environment) : ENVIRONMENT;
  return parseEnvironment(table, environment, (path) => readFileSync(path, 'utf8'));
}

/** For what needs nothing but the database. @throws EnvironmentError */
export function readDatabaseConfig(
  environment: Environment = process.env,
): Pick<Config, 'DATABASE_URL' | 'DATA_DIR'> {
  const { DATABASE_URL, DATA_DIR } = ENVIRONMENT;
  return parseEnvironment({ DATABASE_URL, DATA_DIR }, environment, (path) => readFileSync(path, 'utf8'));
}

/** Of a process of ours that is to read the same, but for these. Files of secrets it reads by itself, as they are then. */
export function childEnvironment(
  differences: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
  return { ...process.env, ...differences };
}

/** Where Redis is: a URL (redis://, rediss:// or unix:///path/to/redis.sock), or whom to ask for it. */
export type RedisAddress =
  | string
  /** Any nodes of a Redis Cluster: the others are found through them. */
  | { readonly clusterNodes: readonly string[] }
  /** `master`: as a URL whose host is the name that the sentinels know it by. */
  | { readonly sentinels: readonly string[]; readonly master: string };

/** @returns null when nobody said */
export function redisAddress(config: Config): RedisAddress | null {
  const { REDIS_CLUSTER_NODES: clusterNodes, REDIS_SENTINELS: sentinels } = config;
  if (clusterNodes.length > 0) return { clusterNodes };
  if (sentinels.length > 0) return { sentinels, master: config.REDIS_SENTINEL_MASTER };
  return config.REDIS_URL;
}
