/** What we read of a board's JSON. */

export interface Board {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly (Panel | Row)[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations: { readonly list: readonly Annotation[] };
}

export interface Row {
  readonly type: 'row';
  readonly title: string;
  readonly gridPos: Place;
  /** Of a row that is folded. */
  readonly panels?: readonly Panel[];
}

export interface Panel {
  readonly type: PanelType;
  readonly title: string;
  readonly gridPos: Place;
  readonly targets?: readonly Target[];
  readonly fieldConfig: {
    readonly defaults: Field;
    readonly overrides: readonly {
      readonly matcher: { readonly id: string; readonly options?: unknown };
      readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
    }[];
  };
}

type PanelType = 'stat' | 'timeseries' | 'bargauge' | 'heatmap' | 'table';

/** How a series looks. */
export interface Field {
  readonly unit?: string;
  readonly decimals?: number;
  readonly min?: number;
  readonly max?: number;
  readonly noValue?: string;
  readonly color?: { readonly mode: string; readonly fixedColor?: string };
  readonly thresholds?: { readonly steps: readonly Step[] };
  readonly mappings?: readonly Mapping[];
  readonly custom?: {
    readonly fillOpacity?: number;
    readonly axisSoftMin?: number;
    readonly stacking?: { readonly mode?: string };
    readonly lineStyle?: { readonly fill?: string };
    readonly thresholdsStyle?: { readonly mode?: string };
  };
}

/** From its value on; the first step has none. */
interface Step {
  readonly value: number | null;
  readonly color: string;
}

/** What stands for a range of values, or for a value that nobody knows. */
export type Mapping =
  | { readonly type: 'range'; readonly options: { from: number | null; to: number | null; result: Result } }
  | { readonly type: 'special'; readonly options: { match: string; result: Result } };

interface Result {
  readonly text?: string;
  readonly color?: string;
}

/** In a grid of 24 columns. */
interface Place {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
  readonly instant?: boolean;
  /** The shortest step; else the scrape interval of the data source. */
  readonly interval?: string;
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query?: string | { readonly query: string };
  readonly allValue?: string | null;
}

interface Annotation {
  readonly name: string;
  /** None: Grafana's own, which ask nobody. */
  readonly expr?: string;
  readonly iconColor?: string;
}
