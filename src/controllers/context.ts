// What every controller is given.
import type { KubeClient } from '../kube/client.ts';
import type { EventRecorder } from '../kube/events.ts';
import type { Log } from '../telemetry/log.ts';
import type { Caches } from './caches.ts';
import type { Outputs } from './jobs/outputs.ts';
import type { ReceiverLines } from './receivers/lines.ts';

export type OperatorContext = {
  client: KubeClient;
  caches: Caches;
  outputs: Outputs;
  receiverLines: ReceiverLines;
  events: Pick<EventRecorder, 'record'>;
  log: Log;
  now: () => number;
  // Image of the agent by major version of PostgreSQL.
  agentImages: Map<number, string>;
  // Uid of the namespace kube-system: tells clusters apart.
  clusterId: string;
  // Holdfast is being removed: slots are dropped until then, and nothing else is done.
  uninstalling?: { until: number };
};
