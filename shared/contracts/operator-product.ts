import { Type } from '@sinclair/typebox';
import { PRICE_MINOR_MAX, PRODUCT_DESCRIPTION_LENGTH_MAX, PRODUCT_NAME_LENGTH_MAX } from '../limits.ts';

export const Price = Type.Number({
  minimum: 0,
  maximum: PRICE_MINOR_MAX,
  examples: [599],
  description: 'Major units, no finer than the minor unit of the currency.',
});

export const Currency = Type.String({ pattern: '^[A-Z]{3}$', examples: ['USD'], description: 'ISO 4217.' });

const Name = Type.String({
  minLength: 1,
  maxLength: PRODUCT_NAME_LENGTH_MAX,
  // One line: no control characters, and something to see at both ends.
  pattern: '^[^\\s\\u0000-\\u001f\\u007f-\\u009f]([^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u007f-\\u009f])?$',
  examples: ['Lamp'],
});

const Description = Type.String({
  minLength: 0,
  maxLength: PRODUCT_DESCRIPTION_LENGTH_MAX,
  // Several lines, but nothing that a terminal would take for a command.
  pattern: '^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f]*$',
  examples: ['A lamp.'],
});

export const NewProduct = Type.Object(
  { name: Name, description: Type.Optional(Description), price: Price, currency: Currency },
  { additionalProperties: false },
);
export type NewProduct = typeof NewProduct.static;

/** A new currency needs a new price with it. Sales keep the price that they were created with. */
export const EditProduct = Type.Object(
  {
    name: Type.Optional(Name),
    description: Type.Optional(Description),
    price: Type.Optional(Price),
    currency: Type.Optional(Currency),
  },
  { additionalProperties: false, minProperties: 1 },
);
export type EditProduct = typeof EditProduct.static;

/** A product as operators write it. */
export const OperatedProduct = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  description: Type.String(),
  price: Type.Number(),
  currency: Type.String(),
  created_at: Type.String({ format: 'date-time' }),
});
export type OperatedProduct = typeof OperatedProduct.static;
