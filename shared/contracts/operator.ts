import { Type, type TSchema } from '@sinclair/typebox';
import { OPERATOR_NAME_LENGTH_MAX, TOKEN_DAYS_MAX } from '../limits.ts';
import { oneOf } from './one-of.ts';
import { OPERATOR_ROLES, type OperatorRole } from '../lifecycle.ts';

const strict = { additionalProperties: false } as const;
const instant = Type.String({ format: 'date-time' });
const orNull = <Schema extends TSchema>(schema: Schema) => Type.Union([schema, Type.Null()]);

export const OperatorName = Type.String({
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
  name: Type.String(),
  role: Role,
  state: Type.Unsafe<OperatorState>({ type: 'string', enum: ['active', 'revoked', 'expired'] }),
  created_at: orNull(instant),
  expires_at: orNull(instant),
  revoked_at: orNull(instant),
});
export type OperatorState = 'active' | 'revoked' | 'expired';
export type OperatorView = typeof OperatorView.static;

export const IssuedToken = Type.Object({
  name: Type.String(),
  role: Role,
  token: Type.String({ description: 'Shown this once: only its hash is kept.' }),
  expires_at: orNull(instant),
});
export type IssuedToken = typeof IssuedToken.static;

export const AuditRow = Type.Object({
  id: Type.Integer(),
  at: instant,
  actor: Type.String(),
  action: Type.String({ examples: ['sale.move'] }),
  target: Type.String({ examples: ['sale 7'] }),
  before: Type.Unknown(),
  after: Type.Unknown(),
  request_id: Type.String(),
  hash: Type.String(),
});
export type AuditRow = typeof AuditRow.static;

export const ChainView = Type.Object({
  intact: Type.Boolean(),
  rows: Type.Integer({ description: 'How many rows were found right, oldest first.' }),
  broken_at: orNull(Type.Integer({ description: 'The first row that is not as it was written.' })),
});
export type ChainView = typeof ChainView.static;
