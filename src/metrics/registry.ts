// The metrics of one program for Prometheus: at each scrape, all are filled at one moment. Only this file uses
// prom-client. The program adds its own readings; the metrics of the process and of the main thread's event loop are
// built in.

import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import { systemClock, type Clock } from '../lib/clock.ts';
import type { HistogramSnapshot } from '../lib/histogram.ts';
import { DELAY_QUANTILES, EventLoopDelay, type DelayMoment } from './event-loop-delay.ts';
import { PROCESS_READINGS, measureProcess, type ProcessMoment } from './process-readings.ts';
import type { Reading } from './reading.ts';

/** What the registry needs from its program. */
export interface RegistryParts {
  /** Converts a time of the monotonic clock to the wall clock as it is set now. */
  wallMs(monotonicMs: number): number;
  readonly clock?: Pick<Clock, 'monotonicMs'>;
}

/** What a program needs of its metrics after they are made. */
export interface Exposition {
  readonly contentType: string;
  /** Returns all metrics in the text format. */
  text(): Promise<string>;
  /** Stops measuring the event loop. */
  stop(): void;
}

/** Name, help and labels of a metric. */
export interface MetricNames {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
}

/** The metrics of one process. */
export class MetricsRegistry implements Exposition {
  readonly #registry = new Registry();
  readonly #parts: RegistryParts;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #fills: (() => void)[] = [];
  readonly #looks: (() => Promise<void>)[] = [];
  readonly #fillProcess: (source: ProcessMoment) => void;
  readonly #eventLoop: EventLoopDelay;
  readonly #delay: DelaySummary;

  constructor(parts: RegistryParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? systemClock;
    this.#fillProcess = register(this.#registry, PROCESS_READINGS);
    this.#eventLoop = new EventLoopDelay(this.#clock.monotonicMs());
    this.#delay = new DelaySummary(
      this.#registry,
      'nodejs_eventloop_delay_seconds',
      'How late the event loop of the main thread comes to its timers, over the last one to two minutes.',
    );
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Adds counters and gauges that are read from `source` at each scrape. */
  addReadings<S>(readings: readonly Reading<S>[], source: () => S): void {
    const fill = register(this.#registry, readings);
    this.#fills.push(() => fill(source()));
  }

  /** Adds something to wait for at each scrape, before the metrics are filled. It must not fail. */
  addLook(look: () => Promise<void>): void {
    this.#looks.push(look);
  }

  counter({ name, help, labels = [] }: MetricNames): Counter {
    return new Counter({ name, help, labelNames: [...labels], registers: [this.#registry] });
  }

  gauge({ name, help, labels = [] }: MetricNames): Gauge {
    return new Gauge({ name, help, labelNames: [...labels], registers: [this.#registry] });
  }

  /** Adds a histogram; `boundsSeconds` are the upper bounds of its buckets. */
  histogram({ name, help }: MetricNames, boundsSeconds: readonly number[]): Histogram {
    return new Histogram({ name, help, buckets: [...boundsSeconds], registers: [this.#registry] });
  }

  /** Adds a histogram that another thread fills; `read` returns the latest snapshot. */
  addCounted(
    { name, help }: MetricNames,
    boundsSeconds: readonly number[],
    read: () => HistogramSnapshot | null,
  ): void {
    const histogram = new CountedHistogram(this.#registry, name, help, boundsSeconds);
    this.#fills.push(() => {
      histogram.snapshot = read();
    });
  }

  /**
   * Adds a gauge for a Unix time in seconds, converted by the wall clock as it is set now; 0 before it is first set.
   */
  moment(names: MetricNames): { set(monotonicMs: number): void } {
    const gauge = this.gauge(names);
    let atMs: number | null = null;
    // Converted at each scrape, because after a change of the wall clock a stored time would look too early or in the
    // future.
    this.#fills.push(() => {
      if (atMs !== null) gauge.set(this.#parts.wallMs(atMs) / 1000);
    });
    return {
      set(monotonicMs) {
        atMs = monotonicMs;
      },
    };
  }

  /** Returns all metrics in the text format. */
  async text(): Promise<string> {
    const [processMoment] = await Promise.all([measureProcess(), ...this.#looks.map((look) => look())]);
    // From here on nothing is awaited until the registry reads its metrics, so that all numbers are of one moment even
    // if two scrapes overlap.
    for (const fill of this.#fills) fill();
    this.#fillProcess({ ...processMoment, startedAtSeconds: this.#parts.wallMs(0) / 1000 });
    this.#delay.moment = this.#eventLoop.read(this.#clock.monotonicMs());
    return this.#registry.metrics();
  }

  /** Stops measuring the event loop. */
  stop(): void {
    this.#eventLoop.stop();
  }
}

/** Registers readings; the returned function fills their metrics from a source. */
function register<S>(registry: Registry, readings: readonly Reading<S>[]): (source: S) => void {
  const fills = readings.map(({ name, type, help, labels, read }) => {
    const config = { name, help, labelNames: [...labels], registers: [registry] };
    if (type === 'gauge') {
      const metric = new Gauge(config);
      return (source: S) => {
        // A series that has left, for example of a changed configuration, must not keep its last value.
        metric.reset();
        for (const [sampleLabels, value] of read(source)) metric.set(sampleLabels, value);
      };
    }
    const metric = new Counter(config);
    return (source: S) => {
      metric.reset();
      for (const [sampleLabels, value] of read(source)) metric.inc(sampleLabels, value);
    };
  });
  return (source) => {
    for (const fill of fills) fill(source);
  };
}

/** One line of the exposition, as prom-client wants it. */
interface RenderedValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A histogram whose observations another thread counts. */
class CountedHistogram extends Histogram {
  readonly #name: string;
  readonly #help: string;
  readonly #boundsSeconds: readonly number[];
  snapshot: HistogramSnapshot | null = null;

  constructor(registry: Registry, name: string, help: string, boundsSeconds: readonly number[]) {
    super({ name, help, registers: [registry] });
    this.#name = name;
    this.#help = help;
    this.#boundsSeconds = boundsSeconds;
  }

  /** The registry renders these values instead of the histogram's own observations, of which there are none. */
  getForPromString() {
    const bounds = this.snapshot?.boundsSeconds ?? this.#boundsSeconds;
    const values: RenderedValue[] = [];
    let count = 0;
    for (const [index, le] of [...bounds, '+Inf'].entries()) {
      count += this.snapshot?.counts[index] ?? 0;
      values.push({ metricName: `${this.#name}_bucket`, labels: { le }, value: count });
    }
    values.push({ metricName: `${this.#name}_sum`, labels: {}, value: this.snapshot?.sumSeconds ?? 0 });
    values.push({ metricName: `${this.#name}_count`, labels: {}, value: count });
    return { name: this.#name, help: this.#help, type: 'histogram', values };
  }
}

/** The event-loop delay, which the runtime measures. */
class DelaySummary extends Summary {
  readonly #name: string;
  readonly #help: string;
  moment: DelayMoment | null = null;

  constructor(registry: Registry, name: string, help: string) {
    super({ name, help, registers: [registry] });
    this.#name = name;
    this.#help = help;
  }

  /** The registry renders these values instead of the summary's own observations, of which there are none. */
  getForPromString() {
    const values: RenderedValue[] = DELAY_QUANTILES.map((quantile, index) => ({
      metricName: this.#name,
      labels: { quantile },
      value: this.moment?.quantilesSeconds[index] ?? 0,
    }));
    values.push({ metricName: `${this.#name}_sum`, labels: {}, value: this.moment?.sumSeconds ?? 0 });
    values.push({ metricName: `${this.#name}_count`, labels: {}, value: this.moment?.count ?? 0 });
    return { name: this.#name, help: this.#help, type: 'summary', values };
  }
}
