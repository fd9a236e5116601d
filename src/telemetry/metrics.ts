// Figures about this process. They begin anew with each process, as counters may; what is known of policies is another matter.
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

// A request to the API server. `status` 0: no answer came.
type RequestSeen = { verb: string; resource: string; status: number };
export type WatchCounts = { lists: number; watches: number; missed: number; failures: number };

export type ProcessMetrics = {
  registry: Registry;
  requestSeen: (seen: RequestSeen) => void;
  deliverySeen: (sink: string, outcome: 'delivered' | 'failed') => void;
};

// What is read when somebody asks.
export type ProcessState = {
  isLeader: () => boolean;
  queues: () => { controller: string; size: number }[];
  watches: () => { resource: string; counts: WatchCounts }[];
  // Absent: the operator has no settings of notifications.
  areNotificationsUsable?: () => boolean;
};

// The library measures the lag of the event loop by a timer. One so short as its default would cost more than the rest of an idle operator.
const lagTimerMilliseconds = 1000;

// Counters that the process feeds from its start.
export const createProcessMetrics = (): ProcessMetrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: lagTimerMilliseconds });
  const requests = new Counter({
    name: 'holdfast_api_requests_total',
    help: 'Requests to the Kubernetes API server; code 0: no answer came.',
    labelNames: ['verb', 'resource', 'code'],
    registers: [registry],
  });
  const deliveries = new Counter({
    name: 'holdfast_notify_deliveries_total',
    help: 'Mails and heartbeats that were tried.',
    labelNames: ['sink', 'outcome'],
    registers: [registry],
  });
  return {
    registry,
    requestSeen: ({ verb, resource, status }) => requests.inc({ verb, resource, code: String(status) }),
    deliverySeen: (sink, outcome) => deliveries.inc({ sink, outcome }),
  };
};

// Gauges that are read when somebody asks, and counters that others keep.
export const watchProcess = ({ registry }: ProcessMetrics, state: ProcessState): void => {
  const gauge = (name: string, help: string, labelNames: string[], read: (set: Set) => void): void => {
    const made = new Gauge({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        read((value, labels = {}) => this.set(labels, value));
      },
    });
    registry.registerMetric(made);
  };
  gauge('holdfast_leader', 'Whether this process is the leader: it alone acts, and says anything of policies.', [], (set) => {
    set(state.isLeader() ? 1 : 0);
  });
  gauge('holdfast_queue_depth', 'Keys that wait for a controller.', ['controller'], (set) =>
    state.queues().forEach(({ controller, size }) => set(size, { controller })),
  );
  const { areNotificationsUsable } = state;
  if (areNotificationsUsable !== undefined) {
    gauge('holdfast_notify_settings_valid', 'Whether the settings of notifications, as they stand now, can be used.', [], (set) => {
      set(areNotificationsUsable() ? 1 : 0);
    });
  }
  for (const { name, help, of } of watchCounters) {
    counted(registry, name, help, () => state.watches().map(({ resource, counts }) => ({ resource, value: of(counts) })));
  }
};

type Set = (value: number, labels?: Record<string, string>) => void;

const watchCounters: { name: string; help: string; of: (counts: WatchCounts) => number }[] = [
  { name: 'holdfast_watch_lists_total', help: 'Lists of a whole resource.', of: ({ lists }) => lists },
  { name: 'holdfast_watch_opened_total', help: 'Watches that were opened.', of: ({ watches }) => watches },
  { name: 'holdfast_watch_failures_total', help: 'Lists and watches that ended in an error.', of: ({ failures }) => failures },
  {
    name: 'holdfast_watch_missed_objects_total',
    help: 'Changes that a list found and the watch should have brought.',
    of: ({ missed }) => missed,
  },
];

// A counter whose value somebody else keeps.
const counted = (registry: Registry, name: string, help: string, read: () => { resource: string; value: number }[]): void => {
  const made = new Counter({
    name,
    help,
    labelNames: ['resource'],
    registers: [],
    collect() {
      this.reset();
      read().forEach(({ resource, value }) => this.inc({ resource }, value));
    },
  });
  registry.registerMetric(made);
};
