// The newest warning about an object: what holds up a volume or a pod stands in events only.
import type { CoreV1Event } from '@kubernetes/client-node';
import type { KubeClient } from '../../kube/client.ts';
import { events } from '../../kube/resource.ts';

const pageSize = 100;

export const newestWarning = async (client: KubeClient, namespace: string, uid: string): Promise<string | undefined> => {
  const fieldSelector = `involvedObject.uid=${uid},type=Warning`;
  const found: CoreV1Event[] = [];
  for await (const page of client.list<CoreV1Event>(events, { namespace, fieldSelector, pageSize })) {
    found.push(...page.items);
  }
  const newest = found.toSorted((a, b) => timeOf(a).localeCompare(timeOf(b))).at(-1);
  return newest === undefined ? undefined : `${newest.reason ?? 'Warning'}: ${newest.message ?? ''}`;
};

// Over the wire these are text.
const timeOf = ({ lastTimestamp, eventTime, metadata }: CoreV1Event): string =>
  [lastTimestamp, eventTime, metadata.creationTimestamp]
    .map((time) => (typeof time === 'string' ? time : ''))
    .find((time) => time !== '') ?? '';
