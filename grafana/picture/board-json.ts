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

export type PanelType = 'stat' | 'timeseries' | 'bargauge' | 'gauge' | 'table' | 'heatmap' | 'alertlist';

export interface Panel {
  readonly type: PanelType;
  readonly title: string;
  readonly gridPos: Place;
  readonly targets?: readonly Target[];
}

/** In a grid of 24 columns. */
export interface Place {
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

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query?: string | { readonly query: string };
  readonly allValue?: string | null;
}

export interface Annotation {
  readonly name: string;
  /** None: Grafana's own, which ask nobody. */
  readonly expr?: string;
}
