// The command that needs no cluster, for where the cluster does not answer; and whom to tell, as far as this machine remembers.
import type { PolicySpec } from '../../api/policy.ts';
import type { Cluster } from '../common/cluster.ts';
import type { Colours, Io } from '../common/io.ts';
import { isAway } from '../common/is-away.ts';
import { oneLine } from '../common/printable.ts';
import { recall } from '../remembered/recall.ts';
import type { Remembered } from '../remembered/stored.ts';
import { rememberedText } from '../remembered/tell.ts';
import { undetermined } from '../common/errors.ts';
import { nextStep } from '../restore/next.ts';
import type { EmergencyOptions } from './options.ts';

// With what is known; the rest stands between < and >, for the reader to fill in.
export const offlineCommand = (
  { identity, component, toTime, toLsn, toName, exclusive, timeline, emergency, tier }: EmergencyOptions,
  policy?: Pick<Remembered, 'metadata' | 'spec'>,
): string => {
  const point = { toTime, toLsn, toName };
  const hasPoint = Object.values(point).some((each) => each !== undefined);
  const named = typeof emergency === 'string' && emergency !== 'latest' ? emergency : undefined;
  const what = hasPoint ? { base: named } : named === undefined ? { latest: true } : { backup: named };
  const given = { identity: identity ?? '<identity.txt>', component, ...point, exclusive, timeline, ...what };
  return nextStep(
    'restore',
    { ...(policy === undefined ? nowhereKnown : storeOf(policy, tier)), ...given, to: '<empty folder>' },
    { options: { to: '<empty folder>' } },
  );
};

const nowhereKnown = { from: '<folder, or s3://bucket/prefix>' };

// The tier that was asked for, or else the first one that can be read from outside of the cluster.
const storeOf = ({ metadata, spec }: { metadata: { namespace: string; name: string }; spec: PolicySpec }, tier: string | undefined) => {
  const s3 = spec.tiers.find((each) => each.s3 !== undefined && (tier === undefined || each.name === tier))?.s3;
  return s3 === undefined
    ? nowhereKnown
    : {
        from: `s3://${s3.bucket}/${s3.prefix ?? `${metadata.namespace}/${metadata.name}`}`,
        endpoint: s3.endpoint,
        region: s3.region,
        caFile: s3.caSecretRef === undefined ? undefined : '<ca.crt>',
      };
};

// An API server that is away ends this with the way that needs none.
export const withOffline = async <T>(cluster: Cluster, options: EmergencyOptions, io: Io, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    if (!isAway(error)) {
      throw error;
    }
    const known = await recall(cluster, options.policy, io);
    known.forEach((each) => io.err(rememberedPage(each, io.errorColours, io.now())));
    throw undetermined(
      'ApiUnreachable',
      `The API server does not answer, so nothing can be restored in the cluster now; nothing was done. ${error.message}`,
      `The store needs no cluster: ${offlineCommand(options, known.length === 1 ? known[0] : undefined)}`,
      error,
    );
  }
};

const rememberedPage = (known: Remembered, { bold, yellow }: Colours, now: number): string =>
  [
    `${yellow('The API server does not answer.')} ${rememberedText(known, now)}\n`,
    `${bold('TELL'.padEnd(12))}${contactsText(known.contacts)}\n\n`,
  ].join('');

const contactsText = (contacts: string[] | undefined): string =>
  contacts === undefined
    ? "not known: this machine could not read the operator's settings"
    : oneLine(contacts.join(', ')) || 'nobody: notify.routes of the installation names no mail address';
