import { expect, test } from 'bun:test';
import { knownMetrics, metricsIn } from './metric-names.ts';

test.each([
  ['up', ['up']],
  ['max by (sale) (abs(flashsale_stock_drift_units{sale=~"$sale"})) != 0', ['flashsale_stock_drift_units']],
  [
    'sum(rate(a_total{x="b{c}"}[$__rate_interval])) / sum by (le) (b_bucket) or vector(0)',
    ['a_total', 'b_bucket'],
  ],
  [
    'flashsale:public_errors:ratio_rate1h > 14.4 * on () group_left () (1 - x:y)',
    ['flashsale:public_errors:ratio_rate1h', 'x:y'],
  ],
  ['max_over_time(a[5m] offset 1h) and on (sale) b == 1e3 unless c', ['a', 'b', 'c']],
  ['label_values(flashsale_sale_units{instance=~"$instance"}, sale)', ['flashsale_sale_units']],
  ["# of a sale\nlabel_replace(d, 'x', '$1', 'y', '(.*)')", ['d']],
])('the metrics of %p', (query, names) => {
  expect(metricsIn(query)).toEqual(names);
});

test('what the API tells is known, and what it does not tell is not', async () => {
  const known = await knownMetrics();
  expect(known).toContain('flashsale_sale_units');
  expect(known).toContain('http_request_duration_seconds_bucket');
  expect(known).toContain('process_start_time_seconds');
  expect(known).not.toContain('http_request_duration_seconds');
  expect(known).not.toContain('flashsale_sold_units');
});
