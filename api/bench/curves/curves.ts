export const CURVES = { connections: 1, sales: 1, holds: 1 };
export type CurveName = keyof typeof CURVES;
export async function drawCurves(_a: CurveName[], _b: string, _c: unknown, _d: unknown): Promise<void> {}
