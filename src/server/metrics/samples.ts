// Samples of one scrape, written in the text format of Prometheus. They are made from what is known now and forgotten at once: a figure that
import type { BackupPolicy } from '../../api/objects.ts';
// nobody measured is absent, and nothing outlives the thing that it is about.
import { Gauge, Registry } from 'prom-client';

export type Labels = Record<string, string>;
// An undefined value is left out.
export type Sample = { labels: Labels; value: number | undefined };
export type Family = { name: string; help: string; samples: Sample[] };

export const renderFamilies = (families: Family[]): Promise<string> => {
  const registry = new Registry();
  for (const { name, help, samples } of families) {
    const known = samples.filter(({ value }) => value !== undefined);
    if (known.length > 0) {
      const gauge = new Gauge({ name, help, labelNames: Object.keys(known[0]?.labels ?? {}), registers: [registry] });
      known.forEach(({ labels, value }) => gauge.set(labels, value ?? 0));
    }
  }
  return registry.metrics();
};

// One figure of a policy: its rows, of which those without a value are left out.
export type Row = { labels?: Labels; value: number | undefined };
export type Figure = { name: string; help: string; of: (policy: BackupPolicy, now: number) => Row[] };
