import { describe, expect, test } from 'bun:test';
import { Type } from '@sinclair/typebox';
import { exampleOf, guessesIn } from './example.ts';
import type { JsonSchema } from './json-schema.ts';

const example = (schema: object, name?: string) => exampleOf(schema as JsonSchema, name);
const guesses = (schema: object) => guessesIn(schema as JsonSchema, '', 'body');

describe('an example', () => {
  test('is the one that the contract gives, even null', () => {
    expect(example(Type.String({ examples: ['ann', 'bob'] }))).toBe('ann');
    expect(example(Type.Union([Type.Integer(), Type.Null()], { examples: [null] }))).toBeNull();
    expect(example(Type.Literal('success'))).toBe('success');
  });

  test('of a field is that of its word, if the field can be that', () => {
    const hold = Type.Object({ hold_id: Type.String({ format: 'uuid' }), quantity: Type.Integer() });
    expect(example(hold)).toEqual({ hold_id: expect.stringMatching(/^[0-9a-f-]{36}$/), quantity: 2 });
    // `ordered` is a number of units, and elsewhere a moment.
    expect(example(Type.Object({ ordered: Type.String({ format: 'date-time' }) }))).toEqual({
      ordered: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('shows what must be there, and of the rest what it can show', () => {
    const contract = Type.Object({
      quantity: Type.Integer(),
      ttl: Type.Optional(Type.Integer()),
      stock_is_estimate: Type.Optional(Type.Literal(true)),
      colour: Type.Optional(Type.String()),
    });
    expect(example(contract)).toEqual({ quantity: 2, ttl: 120 });
  });

  test('of a list has one item, of a choice the first that is something', () => {
    expect(example(Type.Array(Type.Object({ sale_id: Type.Integer() })))).toEqual([{ sale_id: 1 }]);
    expect(example(Type.Union([Type.Null(), Type.Boolean()]))).toBe(true);
  });

  test('is not guessed silently: fields that say nothing of themselves are named', () => {
    const contract = Type.Object({
      colour: Type.String(),
      boxes: Type.Array(Type.Object({ weight: Type.Number(), sale_id: Type.Integer() })),
      size: Type.Union([Type.Null(), Type.Integer({ examples: [4] })]),
      at: Type.String({ format: 'date-time' }),
    });
    expect(guesses(contract)).toEqual(['body.colour', 'body.boxes[].weight']);
  });
});
