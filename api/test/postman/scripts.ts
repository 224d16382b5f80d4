/** What runs in Postman and in newman before a request and after its reply. Text, because their sandbox is not ours. */

import type { FoundOperation } from './operations.ts';
import type { Step } from './walk.ts';

/** The reply is one that the document knows: status, content type, envelope, code. */
export function documentedReply({ replies }: FoundOperation): string[] {
  return [
    `const documented = ${JSON.stringify(replies)};`,
    'const reply = documented[pm.response.code];',
    "pm.test('the status is a documented one', () => pm.expect(Object.keys(documented)).to.include(String(pm.response.code)));",
    "pm.test('the content type is the documented one', () => pm.expect(reply.types).to.include(pm.response.headers.get('content-type').split(';')[0]));",
    "pm.test('the request has an id', () => pm.expect(pm.response.headers.get('x-request-id')).to.be.a('string'));",
    "if (reply && !reply.isBare && reply.types[0] === 'application/json') {",
    '  const body = pm.response.json();',
    "  if (pm.response.code < 400) pm.test('success is status and data', () => pm.expect(body).to.include({ status: 'success' }).and.to.have.property('data'));",
    "  else pm.test('failure is status and a documented code', () => { pm.expect(body).to.include({ status: 'error' }); pm.expect(reply.codes).to.include(body.code); });",
    '}',
  ];
}

/** What this step of the walk brings about, and what later steps need of it. */
export function expectedReply({ status, code, data = {}, sends = {}, keep = {}, until }: Step): string[] {
  const checks = [
    `pm.test('answers ${status}', () => pm.response.to.have.status(${status}));`,
    ...(code === undefined
      ? []
      : [`pm.test('code is ${code}', () => pm.expect(pm.response.json().code).to.eql('${code}'));`]),
    ...Object.entries(data).map(
      ([path, value]) =>
        `pm.test(${text(nameOf(path, value))}, () => pm.expect(${read(path, value)}).to.eql(${wanted(value)}));`,
    ),
    ...Object.entries(sends).map(
      ([name, value]) =>
        `pm.test(${text(nameOf(name, value))}, () => pm.expect(pm.response.headers.get(${text(name)})).to.eql(${wanted(value)}));`,
    ),
  ];
  const isSo = Object.entries(data).map(([path, value]) => `${read(path, value)} === ${wanted(value)}`);
  return [
    'const at = (path) => path.reduce((value, key) => (value == null ? undefined : value[key]), pm.response.json().data);',
    ...(until === true ? askAgainUnless(isSo.join(' && '), checks) : checks),
    ...Object.entries(keep).map(
      ([variable, path]) => `pm.collectionVariables.set(${text(variable)}, at(${text(path.split('.'))}));`,
    ),
  ];
}

/** Twenty seconds at most. */
const TRIES = 100;

function askAgainUnless(isSo: string, checks: readonly string[]): string[] {
  return [
    "const tries = Number(pm.collectionVariables.get('tries') || 0);",
    `if (pm.response.code < 400 && tries < ${TRIES} && !(${isSo})) {`,
    "  pm.collectionVariables.set('tries', tries + 1);",
    '  setTimeout(() => {}, 200);',
    '  pm.execution.setNextRequest(pm.info.requestId);',
    '} else {',
    "  pm.collectionVariables.unset('tries');",
    ...checks.map((line) => `  ${line}`),
    '}',
  ];
}

/** `hold_id is that of holdId`: in the name of a test a variable stays what it is called. */
const nameOf = (what: string, value: unknown) =>
  `${what} is ${String(value).replaceAll(/\{\{(\w+)\}\}/g, '$1')}`;

const text = (value: unknown) => JSON.stringify(value);

/** Ids may be numbers, and variables are text. */
const read = (path: string, value: unknown) =>
  isVariable(value) ? `String(at(${text(path.split('.'))}))` : `at(${text(path.split('.'))})`;

const wanted = (value: unknown) =>
  isVariable(value) ? `pm.variables.replaceIn(${text(value)})` : (text(value) ?? 'undefined');

const isVariable = (value: unknown) => typeof value === 'string' && value.includes('{{');

/** An example that is refused as such is none. Whether it is possible now is another question. */
export const TAKES_THE_EXAMPLE = [
  "pm.test('the example of the body is not refused', () => pm.expect(pm.response.code).to.not.be.oneOf([400, 413, 415]));",
];

export function beforeRequest(operation: FoundOperation): string[] {
  const takes = (header: string) => operation.parameters.some(({ name }) => name === header);
  return [
    ...(operation.isStream ? ONLY_IF_ASKED : []),
    ...(takes('webhook-signature') ? SIGN_STANDARD : []),
    ...(takes('Stripe-Signature') ? SIGN_STRIPE : []),
  ];
}

const ONLY_IF_ASKED = [
  '// A stream never ends: set the variable streams to yes to watch it here, or use curl -N.',
  "if (pm.variables.get('streams') !== 'yes') pm.execution.skipRequest();",
];

/** The header is listed, and switched off: it has to go first. */
function sendHeader(name: string, value: string): string[] {
  return [
    `  pm.request.headers.remove('${name}');`,
    `  pm.request.headers.add({ key: '${name}', value: ${value} });`,
  ];
}

const SIGN_STANDARD = [
  '// Standard Webhooks: signed when the variable webhookSecret is set to one of WEBHOOK_SECRET.',
  "const secret = pm.variables.get('webhookSecret');",
  'if (secret) {',
  "  const crypto = require('crypto-js');",
  "  const isCoded = secret.startsWith('whsec_');",
  "  const key = isCoded ? crypto.enc.Base64.parse(secret.slice('whsec_'.length)) : crypto.enc.Utf8.parse(secret);",
  "  const id = pm.variables.replaceIn('msg_{{$guid}}');",
  '  const timestamp = String(Math.floor(Date.now() / 1000));',
  '  const body = pm.variables.replaceIn(pm.request.body.raw);',
  "  const signature = crypto.enc.Base64.stringify(crypto.HmacSHA256([id, timestamp, body].join('.'), key));",
  ...sendHeader('webhook-id', 'id'),
  ...sendHeader('webhook-timestamp', 'timestamp'),
  ...sendHeader('webhook-signature', "'v1,' + signature"),
  '}',
];

const SIGN_STRIPE = [
  "// Stripe's scheme: signed when the variable stripeWebhookSecret is set to one of STRIPE_WEBHOOK_SECRET.",
  "const secret = pm.variables.get('stripeWebhookSecret');",
  'if (secret) {',
  "  const crypto = require('crypto-js');",
  '  const timestamp = String(Math.floor(Date.now() / 1000));',
  '  const body = pm.variables.replaceIn(pm.request.body.raw);',
  "  const signature = crypto.HmacSHA256(timestamp + '.' + body, secret).toString();",
  ...sendHeader('Stripe-Signature', "'t=' + timestamp + ',v1=' + signature"),
  '}',
];
