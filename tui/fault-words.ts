/** What a fault says, for people. */
export function faultWords(fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault);
}

/** Its first sentence: what follows is for programmers. */
export function firstWords(fault: unknown): string {
  return faultWords(fault).split('. ')[0] ?? '';
}
