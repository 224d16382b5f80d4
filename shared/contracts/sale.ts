import { Type } from '@sinclair/typebox';
import { ALLOTMENT_MAX } from '../limits.ts';

const strict = { additionalProperties: false } as const;

export const ChangeStock = Type.Object(
  {
    change: Type.Integer({
      minimum: -ALLOTMENT_MAX,
      maximum: ALLOTMENT_MAX,
      examples: [10],
      description: 'Units to add to the sale; negative to take out that many that nobody holds or ordered.',
    }),
  },
  strict,
);
export type ChangeStock = typeof ChangeStock.static;

export const ChangedStock = Type.Object({ sale_id: Type.Integer(), allotment: Type.Integer() });
export type ChangedStock = typeof ChangedStock.static;
