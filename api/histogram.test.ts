import { expect, test } from 'bun:test';
import { createHistogram } from './histogram.ts';

test('a series has the buckets of its labels, counts upwards, and goes on counting after it was read', () => {
  const histogram = createHistogram({
    name: 'wait_seconds',
    help: 'How long.',
    labelNames: ['who', 'where'],
    buckets: ([who]) => (who === 'buyer' ? [0.1, 1] : [1]),
  });
  for (const seconds of [0.1, 0.5, 0.5, 7]) histogram.observe(seconds, 'buyer', 'a "shop"');
  expect(histogram.text()).toContain('wait_seconds_count{who="buyer",where="a \\"shop\\""} 4\n');
  histogram.observe(1.5, 'operator', '');
  histogram.observe(0.25, 'buyer', 'a "shop"');
  expect(histogram.text()).toBe(`# HELP wait_seconds How long.
# TYPE wait_seconds histogram
wait_seconds_bucket{who="buyer",where="a \\"shop\\"",le="0.1"} 1
wait_seconds_bucket{who="buyer",where="a \\"shop\\"",le="1"} 4
wait_seconds_bucket{who="buyer",where="a \\"shop\\"",le="+Inf"} 5
wait_seconds_sum{who="buyer",where="a \\"shop\\""} 8.35
wait_seconds_count{who="buyer",where="a \\"shop\\""} 5
wait_seconds_bucket{who="operator",where="",le="1"} 0
wait_seconds_bucket{who="operator",where="",le="+Inf"} 1
wait_seconds_sum{who="operator",where=""} 1.5
wait_seconds_count{who="operator",where=""} 1
`);
});

test('a series without labels is there before anything has happened', () => {
  const size = createHistogram({ name: 'size', help: 'How many.', buckets: () => [1] });
  expect(size.text()).toContain(
    'size_bucket{le="1"} 0\nsize_bucket{le="+Inf"} 0\nsize_sum 0\nsize_count 0\n',
  );
});
