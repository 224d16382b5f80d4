import { Type, type TSchema } from '@sinclair/typebox';
import { OPERATOR_ROLES, type OperatorRole } from '../lifecycle.ts';
import { OPERATOR_NAME_LENGTH_MAX, TOKEN_DAYS_MAX } from '../limits.ts';
import { oneOf } from './one-of.ts';

const strict = { additionalProperties: false } as const;
const instant = Type.String({ format: 'date-time' });
const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

const OperatorName = Type.String({
  minLength: 1,
  maxLength: OPERATOR_NAME_LENGTH_MAX,
  pattern: '^[a-z][a-z0-9._-]*$',
  examples: ['ann'],
});

const Role = Type.Unsafe<OperatorRole>({ type: 'string', enum: [...OPERATOR_ROLES] });

export const AddOperator = Type.Object(
  {
    name: OperatorName,
    role: oneOf(OPERATOR_ROLES),
    expires_in_days: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: TOKEN_DAYS_MAX,
        examples: [90],
        description: 'Days until the token stops working; never when absent.',
      }),
    ),
  },
  strict,
);
export type AddOperator = typeof AddOperator.static;

export const OperatorView = Type.Object({
  name: Type.String({ examples: ['ann'] }),
  role: Role,
  state: Type.Unsafe<OperatorState>({ type: 'string', enum: ['active', 'revoked', 'expired'] }),
  created_at: instant,
  expires_at: orNull(instant),
  revoked_at: orNull(instant),
  last_used_at: Type.Union([instant, Type.Null()], {
    description: 'To the minute. A stream counts when it begins; null: never, as far as could be noted.',
  }),
});
export type OperatorState = 'active' | 'revoked' | 'expired';
export type OperatorView = typeof OperatorView.static;

export const IssuedToken = Type.Object({
  name: Type.String({ examples: ['ann'] }),
  role: Role,
  token: Type.String({
    description: 'Shown this once: only its hash is kept.',
    examples: ['fsop_b1Yx0bq6m3Wc9e_vK2hTn5sRzL8dPaQ4uJfG7iHoMtE'],
  }),
  expires_at: orNull(instant),
});
export type IssuedToken = typeof IssuedToken.static;

export const AuditRow = Type.Object({
  id: Type.Integer(),
  at: instant,
  actor: Type.String(),
  action: Type.String({ examples: ['sale.launch'] }),
  target: Type.String({ examples: ['sale 1'] }),
  before: Type.Unknown({ examples: [{ state: 'draft' }] }),
  after: Type.Unknown({ examples: [{ state: 'live' }] }),
  reason: orNull(
    Type.String({
      description: 'Why, in the words of the Change-Reason; null when none were given.',
      examples: ['Broken packages in the warehouse'],
    }),
  ),
  request_id: Type.String(),
  hash: Type.String({
    description: 'Over this row and the hash of the one before.',
    examples: ['a3f1c8d09b7e4625f0d1b8a7c6e5943210fedcba98765432100123456789abcd'],
  }),
});
export type AuditRow = typeof AuditRow.static;

export const ChainView = Type.Object({
  intact: Type.Boolean(),
  rows: Type.Integer({ description: 'How many rows were found right, oldest first.', examples: [42] }),
  broken_at: Type.Union([Type.Integer(), Type.Null()], {
    description: 'The first row that is not as it was written.',
    examples: [null],
  }),
});
export type ChainView = typeof ChainView.static;
