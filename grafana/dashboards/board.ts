/** What all boards share: variables, links, annotations, and how rows become a grid. */

import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { DATASOURCE, linkToAll, TAG, TITLES, type BoardUid } from './links.ts';
import { BAD, PLAIN, SOLD } from './palette.ts';
import { OUR_JOBS } from './queries.ts';

/** How many columns Grafana's grid has. */
export const COLUMNS = 24;

export interface Row {
  readonly title: string;
  /** Of each of its panels, in cells of the grid. */
  readonly height: number;
  /** From left to right; what does not fit into the 24 columns goes on below. */
  readonly panels: readonly dashboard.Panel[];
}

export interface About {
  readonly uid: BoardUid;
  readonly description: string;
  /** Besides the data source. */
  readonly variables: readonly (keyof typeof VARIABLES)[];
  readonly since: string;
  readonly refresh: string;
  readonly rows: readonly Row[];
}

export function board(about: About): dashboard.Dashboard {
  const head = new dashboard.DashboardBuilder(TITLES[about.uid])
    .uid(about.uid)
    .description(about.description)
    .tags([TAG])
    .readonly()
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .timezone('browser')
    .time({ from: about.since, to: 'now' })
    .refresh(about.refresh)
    .link(linkToAll())
    .variables([datasourceVariable(), ...about.variables.map((name) => queryVariable(name))])
    .annotations(annotations(about));
  return { ...head.build(), panels: placed(about.rows) };
}

/** Rows below each other, each with its title above it; ids in reading order. */
function placed(rows: readonly Row[]): (dashboard.Panel | dashboard.RowPanel)[] {
  const all: (dashboard.Panel | dashboard.RowPanel)[] = [];
  let y = 0;
  for (const { title, height, panels } of rows) {
    const heading = new dashboard.RowBuilder(title).gridPos({ x: 0, y, w: COLUMNS, h: 1 });
    all.push({ ...heading.build(), id: all.length + 1 });
    y += 1;
    let x = 0;
    for (const panel of panels) {
      const w = panel.gridPos?.w ?? COLUMNS;
      if (x + w > COLUMNS) {
        x = 0;
        y += height;
      }
      all.push({ ...panel, id: all.length + 1, gridPos: { x, y, w, h: height } });
      x += w;
    }
    y += height;
  }
  return all;
}

const VARIABLES = {
  sale: {
    label: 'Sale',
    description: 'One sale, some, or all that are on or to come.',
    query: 'label_values(flashsale_sale_units, sale)',
    sort: dashboard.VariableSort.NumericalDesc,
  },
  instance: {
    label: 'Process',
    description: 'One API or worker process, some, or all.',
    query: 'label_values(flashsale_build_info, instance)',
    sort: dashboard.VariableSort.NaturalAsc,
  },
} as const;

function datasourceVariable() {
  return new dashboard.DatasourceVariableBuilder('datasource')
    .label('Prometheus')
    .description('The Prometheus that scrapes this installation.')
    .type('prometheus');
}

function queryVariable(name: keyof typeof VARIABLES) {
  const { label, description, query, sort } = VARIABLES[name];
  return new dashboard.QueryVariableBuilder(name)
    .label(label)
    .description(description)
    .datasource(DATASOURCE)
    .query({ query, refId: name })
    .definition(query)
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(sort)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ selected: true, text: ['All'], value: ['$__all'] });
}

/** Grafana draws what is true at neighbouring points of time as one stretch, from its begin to its end. */
function annotations({ variables }: About) {
  const sale = variables.includes('sale') ? 'sale=~"$sale",' : '';
  return [
    annotation('Sale is live', SOLD, `max by (sale) (flashsale_sale_state{${sale}state="live"}) == 1`)
      .titleFormat('Sale {{sale}} is live')
      .textFormat('From its opening to its end, pauses left out.'),
    annotation('Pages', BAD, 'ALERTS{alertstate="firing",severity="page"}')
      .titleFormat('{{alertname}}')
      .tagKeys('sale,instance'),
    // The value is the time: a process that is scraped for the first time is told as well.
    annotation('Process starts', PLAIN, `process_start_time_seconds{${OUR_JOBS}} * 1000`)
      .titleFormat('{{job}} {{instance}} started')
      .useValueForTime(true),
  ];
}

function annotation(name: string, colour: string, query: string) {
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .expr(query)
    .step('5s');
}
