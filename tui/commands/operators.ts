/** Who may do what, and who did what. */

import { AuditRow, ChainView, IssuedToken, OperatorView } from '@flash-sale/shared/contracts/operator.ts';
import { OPERATOR_ROLES } from '@flash-sale/shared/lifecycle.ts';
import { TOKEN_DAYS_MAX } from '@flash-sale/shared/limits.ts';
import { brokenWords, changeWords, KEEP_BROKEN } from '../activity/audit-view.ts';
import { answerOf, inPath } from '../api.ts';
import { command } from './command.ts';
import { must } from './endings.ts';
import { EXIT } from './exit-codes.ts';
import { fieldsOf } from './fields.ts';
import type { Shape } from './output.ts';
import { PAGED, readRows } from './pages.ts';
import { given, integer, oneOf, optional, text } from './taken.ts';

const OPERATOR: Shape<OperatorView> = {
  id: 'name',
  fields: fieldsOf(OperatorView),
  columns: [
    { field: 'name', title: 'Operator' },
    { field: 'role', title: 'Role' },
    { field: 'state', title: 'State' },
    { field: 'expires_at', title: 'Expires' },
    { field: 'created_at', title: 'Since' },
    { field: 'last_used_at', title: 'Last used' },
    { field: 'revoked_at', title: 'Revoked' },
  ],
};

const AUDIT: Shape<AuditRow> = {
  id: 'id',
  fields: fieldsOf(AuditRow),
  columns: [
    { field: 'id', title: 'Row', align: 'right' },
    { field: 'at', title: 'When' },
    { field: 'actor', title: 'Who' },
    { field: 'action', title: 'Did' },
    { field: 'target', title: 'To' },
    { field: 'change', title: 'Change', cell: changeWords },
    { field: 'reason', title: 'Why' },
  ],
};

const nameWord = text('NAME', 'the name of the operator');

const list = command({
  words: 'operators list',
  summary: 'All operators, revoked ones too',
  does: 'looks',
  shape: OPERATOR,
  async run({ api, out }) {
    out.list(await must(answerOf(api.operators.get())));
    return EXIT.ok;
  },
});

const add = command({
  words: 'operators add',
  summary: 'Add an operator; the token is printed this once',
  details: 'With --quiet the token is all that is printed.',
  does: 'changes',
  shape: { id: 'token', fields: fieldsOf(IssuedToken), columns: [] } satisfies Shape<IssuedToken>,
  takes: { name: nameWord },
  flags: {
    role: oneOf('ROLE', 'what the operator may do', OPERATOR_ROLES),
    'expires-in-days': optional(
      integer('DAYS', 'how long the token works; for ever when absent', { max: TOKEN_DAYS_MAX }),
    ),
  },
  async run({ api, words: { name }, flags, out, change }) {
    const days = flags['expires-in-days'];
    const body = { name, role: flags.role, ...given({ expires_in_days: days }) };
    out.one(await change((headers) => answerOf(api.operators.post(body, { headers }))));
    return EXIT.ok;
  },
});

const revoke = command({
  words: 'operators revoke',
  summary: 'Revoke the token of an operator, at once',
  does: 'changes',
  isDestructive: true,
  takes: { name: nameWord },
  async run({ api, words: { name }, change, confirm }) {
    await confirm([`The token of ${name} will not work any more, anywhere.`]);
    const { revoke: ask } = api.operators({ name: inPath(name) });
    await change((headers) => answerOf(ask.post(undefined, { headers })));
    return EXIT.ok;
  },
});

const audit = command({
  words: 'audit list',
  summary: 'Who changed what, newest first',
  does: 'looks',
  shape: AUDIT,
  flags: {
    actor: optional(text('NAME', 'only what this operator did')),
    target: optional(text('TARGET', 'only what was done to this, such as "sale 1"')),
    ...PAGED,
  },
  async run(at) {
    const { actor, target } = at.flags;
    const query = given({ actor, target });
    at.out.list(await readRows(at, (page) => answerOf(at.api.audit.get({ query: { ...query, ...page } }))));
    return EXIT.ok;
  },
});

const verify = command({
  words: 'audit verify',
  summary: 'Compute every hash of the audit log again; ends with 1 when a row was changed or removed',
  does: 'looks',
  shape: { id: 'intact', fields: fieldsOf(ChainView), columns: [] } satisfies Shape<ChainView>,
  async run({ api, out, say }) {
    const chain = await must(answerOf(api.audit.verify.get()));
    out.one(chain);
    if (!chain.intact) say(`THE AUDIT LOG IS BROKEN: ${brokenWords(chain)}; ${KEEP_BROKEN}.`);
    return chain.intact ? EXIT.ok : EXIT.failed;
  },
});

export const OPERATOR_COMMANDS = [list, add, revoke, audit, verify];
