import { REFUND_REFERENCE_LENGTH_MAX } from '@flash-sale/shared/limits.ts';
import type { Desk } from '../desk.ts';
import { plain, type Line } from '../look/span.ts';
import { safe } from '../look/text.ts';

interface Question {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly initial: string;
}

/** The terminal sends no money: somebody did, at the provider, and says under which name. */
export async function askReference(desk: Desk, { title, lines, initial }: Question): Promise<string | null> {
  const values = await desk.ask.form({
    title: safe(title),
    lines: [...lines, plain('Nothing is sent: write down what the provider did.')],
    verb: 'write it down',
    fields: [{ name: 'reference', label: 'Refund id', hint: 'of the provider, like re_1', initial, check }],
  });
  return values?.['reference'] ?? null;
}

function check(reference: string): string | null {
  if (reference === '') return "Type the provider's id of the refund.";
  if (!/^[!-~]+$/.test(reference)) return 'Letters, digits and signs only, without blanks.';
  if (reference.length > REFUND_REFERENCE_LENGTH_MAX) {
    return `At most ${REFUND_REFERENCE_LENGTH_MAX} characters.`;
  }
  return null;
}
