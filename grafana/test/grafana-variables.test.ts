import { expect, test } from 'bun:test';
import { stepOf, valuesOfAll, valuesOfTime, variablesIn, withVariables } from './grafana-variables.ts';

test('variables of every form get their values; what label_replace found is none', () => {
  const query = 'label_replace(up{a=~"$sale", b=~"${sale:regex}", c=~"[[sale]]"}, "d", "$1", "e", "(.*)")';
  expect(variablesIn(query)).toEqual(['sale', 'sale', 'sale']);
  expect(withVariables(query, valuesOfAll([{ name: 'sale', type: 'query', allValue: '.+' }]))).toBe(
    'label_replace(up{a=~".+", b=~".+", c=~".+"}, "d", "$1", "e", "(.*)")',
  );
  expect(() => withVariables('up{a="$sael"}', { sale: '.+' })).toThrow('nobody gives $sael a value');
});

test('a rate looks at four scrapes at least, and at more where a panel is long', () => {
  const minutes15 = { rangeMs: 900_000, points: 1_000 };
  expect(valuesOfTime({ ...minutes15, minStepS: 2 })).toMatchObject({
    __interval: '2s',
    __rate_interval: '8s',
    __range: '900s',
    __range_ms: '900000',
  });
  expect(valuesOfTime({ ...minutes15, minStepS: 10 })).toMatchObject({ __rate_interval: '40s' });
  const week = { rangeMs: 7 * 86_400_000, points: 1_000, minStepS: 2 };
  expect(stepOf(week)).toBe(605);
  expect(valuesOfTime(week)).toMatchObject({ __interval: '605s', __rate_interval: '607s' });
});
