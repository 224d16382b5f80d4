/** Panels in the style of the house: each is what is said of it here, and looks the same on every board. */

import type { Builder, Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import { PanelBuilder as BarGauge } from '@grafana/grafana-foundation-sdk/bargauge';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heat from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as Stat } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as Table } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as TimeSeries } from '@grafana/grafana-foundation-sdk/timeseries';
import { DATASOURCE, linkTo, type BoardUid } from './links.ts';
import { GOOD, LOOK, NEITHER, PLAIN } from './palette.ts';

export interface About {
  readonly title: string;
  /** What it is, what is normal, and what to do when it is not. */
  readonly description: string;
  /** As Grafana calls it: short, s, percentunit, reqps, bytes. */
  readonly unit: string;
  /** PromQL, by its name in the legend; `{{route}}` is the label of that name. */
  readonly show: Readonly<Record<string, string>>;
  /** Of the 24 columns of a row. */
  readonly width: number;
  readonly decimals?: number;
  readonly max?: number;
  /** Other units than that of the panel, by name in the legend. */
  readonly units?: Readonly<Record<string, string>>;
  /** By name in the legend. */
  readonly colours?: Readonly<Record<string, string>>;
  /** The colour from each value on; the first is for what is below all others. */
  readonly levels?: readonly [from: number | null, colour: string][];
  /** Words that stand for figures. */
  readonly words?: readonly (Word & { readonly from: number; readonly to?: number })[];
  /** The word when there is no figure. */
  readonly absent?: Word;
  /** Beside the lines, where there is little height and many names; else below. */
  readonly legend?: 'right';
  /** How often it is scraped, where that is less often than our own processes: a rate needs several scrapes. */
  readonly scraped?: string;
  /** The board that tells more. */
  readonly next?: BoardUid;
}

interface Word {
  readonly text: string;
  readonly colour: string;
}

/** Somebody has to find out. */
export const NOT_KNOWN: Word = { text: 'NOT KNOWN', colour: LOOK };
/** Another panel tells whether that is right. */
export const NO_FIGURE: Word = { text: '—', colour: NEITHER };

/** Good is none, bad is any. */
export function noneOr(colour: string): NonNullable<About['levels']> {
  return [
    [null, GOOD],
    [1, colour],
  ];
}

/**
 * How it is at this moment: what was so a minute ago is not shown when nobody knows. What can be good or bad has a
 * background that says so; a plain figure has none.
 */
export function stat(about: About): dashboard.Panel {
  const isVerdict = about.levels !== undefined || about.words !== undefined;
  const builder = new Stat()
    .graphMode(common.BigValueGraphMode.None)
    .colorMode(isVerdict ? common.BigValueColorMode.Background : common.BigValueColorMode.Value)
    .reduceOptions(lastValue())
    .orientation(common.VizOrientation.Auto);
  return described(builder, about, (query) => query.instant());
}

/** How much of each, at this moment. */
export function bars(about: About): dashboard.Panel {
  const builder = new BarGauge()
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .orientation(common.VizOrientation.Horizontal)
    .reduceOptions(lastValue())
    .min(0);
  return described(builder, about, (query) => query.instant());
}

/** How it went. A level of a series is drawn as a line. */
export function series(about: About): dashboard.Panel {
  return described(lines(about), about, (query) => query.range());
}

/** Parts of a whole, one upon the other; `whole` is the name of a series that is drawn as a line above them. */
export function stacked(about: About, whole?: string): dashboard.Panel {
  const builder = lines(about)
    .fillOpacity(60)
    .stacking(new common.StackingConfigBuilder().mode(common.StackingMode.Normal));
  if (whole !== undefined) {
    builder.overrideByName(whole, [
      { id: 'custom.stacking', value: { mode: common.StackingMode.None } },
      { id: 'custom.fillOpacity', value: 0 },
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
    ]);
  }
  return described(builder, about, (query) => query.range());
}

/** How many fell into which bucket; the query keeps the label `le`. */
export function heatmap(about: About): dashboard.Panel {
  const builder = new heat.PanelBuilder()
    .calculate(false)
    .color(new heat.HeatmapColorOptionsBuilder().mode(heat.HeatmapColorMode.Scheme).scheme('Blues').steps(32))
    .yAxis(new heat.YAxisConfigBuilder().unit(about.unit))
    .cellGap(1);
  return described(builder, about, (query) => query.range().format(prometheus.PromQueryFormat.Heatmap));
}

/** A row for each combination of labels, a column for each query. */
export function table(about: About): dashboard.Panel {
  const names = Object.keys(about.show);
  // Grafana calls the column of a query's values so.
  const columns = names.map((name, index) => [names.length === 1 ? 'Value' : `Value #${refId(index)}`, name]);
  const builder = new Table().transformations([
    { id: 'merge', options: {} },
    {
      id: 'organize',
      options: { excludeByName: { Time: true }, renameByName: Object.fromEntries(columns) },
    },
  ]);
  return described(builder, about, (query) => query.instant().format(prometheus.PromQueryFormat.Table));
}

function lines(about: About): TimeSeries {
  const levels = about.levels === undefined ? 'Off' : 'Dashed';
  return new TimeSeries()
    .lineWidth(1)
    .fillOpacity(8)
    .showPoints(common.VisibilityMode.Never)
    .axisSoftMin(0)
    .colorScheme(new dashboard.FieldColorBuilder().mode(dashboard.FieldColorModeId.PaletteClassicByName))
    .thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode[levels]),
    )
    .legend(
      new common.VizLegendOptionsBuilder()
        .displayMode(common.LegendDisplayMode.List)
        .placement(about.legend === 'right' ? common.LegendPlacement.Right : common.LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(
      new common.VizTooltipOptionsBuilder()
        .mode(common.TooltipDisplayMode.Multi)
        .sort(common.SortOrder.Descending),
    );
}

function lastValue() {
  return new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']);
}

type PanelBuilder = Stat | BarGauge | TimeSeries | heat.PanelBuilder | Table;
type Query = prometheus.DataqueryBuilder;

/** Everything that panels of all kinds have in common. */
function described(builder: PanelBuilder, about: About, asked: (query: Query) => Query): dashboard.Panel {
  builder
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .datasource(DATASOURCE)
    .targets(targets(about, asked))
    .thresholds(
      new dashboard.ThresholdsConfigBuilder()
        .mode(dashboard.ThresholdsMode.Absolute)
        .steps((about.levels ?? [[null, PLAIN]]).map(([value, color]) => ({ value, color }))),
    );
  if (about.decimals !== undefined) builder.decimals(about.decimals);
  if (about.max !== undefined) builder.max(about.max);
  if (about.absent !== undefined) builder.noValue(about.absent.text);
  builder.mappings(mappings(about));
  if (about.next !== undefined) builder.dataLinks([linkTo(about.next)]);
  for (const [name, unit] of Object.entries(about.units ?? {})) {
    builder.overrideByName(name, [{ id: 'unit', value: unit }]);
  }
  for (const [name, fixedColor] of Object.entries(about.colours ?? {})) {
    builder.overrideByName(name, [{ id: 'color', value: { mode: 'fixed', fixedColor } }]);
  }
  return { ...builder.build(), gridPos: { x: 0, y: 0, w: about.width, h: 0 } };
}

function targets({ show, scraped }: About, asked: (query: Query) => Query): Builder<Dataquery>[] {
  return Object.entries(show).map(([name, query], index) => {
    const target = asked(new prometheus.DataqueryBuilder())
      .refId(refId(index))
      .datasource(DATASOURCE)
      .editorMode(prometheus.QueryEditorMode.Code)
      .expr(query)
      .legendFormat(name);
    return scraped === undefined ? target : target.interval(scraped);
  });
}

function refId(index: number): string {
  return String.fromCodePoint('A'.charCodeAt(0) + index);
}

function mappings({ words = [], absent }: About): dashboard.ValueMapping[] {
  const all: dashboard.ValueMapping[] = words.map(({ from, to = from, text, colour: color }) => ({
    type: dashboard.MappingType.RangeToText,
    options: { from, to: Number.isFinite(to) ? to : null, result: { text, color } },
  }));
  if (absent === undefined) return all;
  // Without it the word would have the colour of the lowest level, which is that of good.
  const { text, colour: color } = absent;
  const match = dashboard.SpecialValueMatch.NullAndNan;
  return [...all, { type: dashboard.MappingType.SpecialValue, options: { match, result: { text, color } } }];
}
