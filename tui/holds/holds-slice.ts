export interface HoldsSlice {
  readonly fault: string;
}
export const NO_HOLDS: HoldsSlice = { fault: '' };
