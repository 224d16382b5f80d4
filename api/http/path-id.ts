/** A number in a path. Anything that is not an id of ours is 0, which names nothing. */
export function idOf(text: string): number {
  return /^[1-9]\d{0,9}$/.test(text) ? Number(text) : 0;
}
