import { Type } from '@sinclair/typebox';
import { ALLOTMENT_MAX } from '../limits.ts';
import { REHEARSAL_BUYERS_MAX, REHEARSAL_SECONDS_MAX } from '../terminal-limits.ts';

const figure = (maximum: number, example: number, description: string) =>
  Type.Integer({ minimum: 0, maximum, examples: [example], description });

/** What came of a rehearsal, as whoever made it found. */
export const NewRehearsal = Type.Object(
  {
    passed: Type.Boolean({ description: 'Everything was as it has to be.', examples: [true] }),
    sale_id: Type.Integer({
      minimum: 1,
      maximum: 4_294_967_295,
      examples: [1],
      description: 'The sale that was made for it.',
    }),
    buyers: figure(REHEARSAL_BUYERS_MAX, 5_000, 'That came.'),
    units: figure(ALLOTMENT_MAX, 100, 'That there were.'),
    paid_units: figure(ALLOTMENT_MAX, 100, 'That were sold.'),
    seconds: Type.Number({ minimum: 0, maximum: REHEARSAL_SECONDS_MAX, examples: [31.5] }),
    holds_per_second: figure(1_000_000, 800, 'Hold requests answered in the best second.'),
    hold_p99_ms: Type.Number({ minimum: 0, maximum: 600_000, examples: [180.5] }),
    broken: Type.Array(Type.String({ minLength: 1, maxLength: 64, pattern: '^[!-~]+$' }), {
      maxItems: 20,
      description: 'The rules that did not hold.',
      examples: [[]],
    }),
  },
  { additionalProperties: false },
);
export type NewRehearsal = typeof NewRehearsal.static;

export const RecordedRehearsal = Type.Object({
  passed: Type.Boolean(),
  sale_id: Type.Integer(),
});
export type RecordedRehearsal = typeof RecordedRehearsal.static;
