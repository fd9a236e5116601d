// The newest warning about an object: what holds up a volume or a pod stands in events only.
import type { CoreV1Event } from '@kubernetes/client-node';
import type { KubeClient } from '../../kube/client.ts';
import { events } from '../../kube/resource.ts';

const pageSize = 100;
// What was asked about so many objects is remembered.
const mostRemembered = 1000;

type Answer = { ageMilliseconds: number; warning: string | undefined };
const answers = new WeakMap<KubeClient, Map<string, Answer>>();

// Asks about an object at this age, and again each time it is twice as old: hundreds may wait for a node at once, and for hours.
export const warningAtAge = async (
  client: KubeClient,
  { namespace, uid, ageMilliseconds }: { namespace: string; uid: string; ageMilliseconds: number },
): Promise<string | undefined> => {
  const known = answers.get(client) ?? new Map<string, Answer>();
  answers.set(client, known);
  const last = known.get(uid);
  if (last !== undefined && ageMilliseconds < 2 * last.ageMilliseconds) {
    return last.warning;
  }
  const warning = await newestWarning(client, namespace, uid);
  known.delete(uid);
  known.set(uid, { ageMilliseconds, warning });
  const [oldest] = known.keys();
  if (known.size > mostRemembered && oldest !== undefined) {
    known.delete(oldest);
  }
  return warning;
};

const newestWarning = async (client: KubeClient, namespace: string, uid: string): Promise<string | undefined> => {
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
