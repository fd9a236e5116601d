// Whether what is wanted back is there, as far as the cluster knows. The plan of the Restore looks in the store itself.
import type { Backup, BackupPolicy } from '../../api/objects.ts';
import { instantOf } from '../../core/plan/time.ts';
import { distanceText, timeText } from '../common/figures.ts';
import { ok, problem, unknown } from '../doctor/finding.ts';
import type { Finding } from '../doctor/finding.ts';
import { exposureOf } from '../status/exposure.ts';
import type { Wish } from './wish.ts';

const check = 'backup';
const looked = 'The plan looks in the store before anything is touched.';

export const backupFinding = (wish: Wish, policy: BackupPolicy, known: Backup[], component: string, now: number): Finding => {
  if (wish.backup !== undefined) {
    return ofBackup(wish.backup, policy, known, component);
  }
  return wish.pointInTime === undefined ? newest(policy, now) : ofPoint(wish.pointInTime, policy);
};

// `list` shows both: the name of the Backup resource, and its name in the store.
export const backupIdOf = (named: string, known: Backup[]): string =>
  known.find(({ metadata }) => metadata.name === named)?.status?.backupId ?? named;

const listCommand = ({ metadata: { name, namespace } }: BackupPolicy): string => `kubectl holdfast list ${name} -n ${namespace}`;

const ofBackup = (id: string, policy: BackupPolicy, known: Backup[], component: string): Finding => {
  const found = known.find(({ status }) => status?.backupId === id);
  if (found === undefined) {
    return unknown(check, `The cluster knows no Backup ${id}. ${looked}`, listCommand(policy));
  }
  const { phase = 'Pending', restorableTo, components = [] } = found.status ?? {};
  const outcome = components.find(({ name }) => name === component)?.outcome;
  return phase === 'Complete' || outcome === 'Succeeded'
    ? ok(check, `${id} is sealed and verified, restorable to ${timeText(restorableTo)}.`)
    : problem(check, `${id} is ${phase}: it holds no ${component} that can be restored.`, listCommand(policy));
};

const newest = (policy: BackupPolicy, now: number): Finding => {
  const exposure = exposureOf(policy, now);
  switch (exposure.state) {
    case 'Known':
      return ok(
        check,
        `The newest point is ${timeText(exposure.restorableTime)}; its manifests verified when the store was read ${distanceText(exposure.measuredTime, now)}.`,
      );
    case 'NothingStored':
      return problem(check, exposure.message ?? 'No tier holds a backup.', listCommand(policy));
    case 'Unknown':
      return unknown(
        check,
        `${exposure.message ?? ''} ${looked}`,
        `kubectl holdfast doctor ${policy.metadata.name} -n ${policy.metadata.namespace}`,
      );
  }
};

const ofPoint = ({ time, lsn, name }: NonNullable<Wish['pointInTime']>, { metadata, status }: BackupPolicy): Finding => {
  const next = `kubectl holdfast status ${metadata.name} -n ${metadata.namespace}`;
  const instant = instantOf(time);
  const { earliestTime, latestTime, gaps = [] } = status?.recoverability ?? {};
  const [from, to] = [instantOf(earliestTime), instantOf(latestTime)];
  if (instant === undefined || from === undefined || to === undefined) {
    const what = time ?? (lsn === undefined ? `the restore point ${name}` : `LSN ${lsn}`);
    return unknown(check, `Whether ${what} can be reached is not known here. ${looked}`, next);
  }
  const window = `from ${timeText(earliestTime)} to ${timeText(latestTime)}`;
  const gap = gaps.find((each) => instant > (instantOf(each.from) ?? Infinity) && instant < (instantOf(each.to) ?? Infinity));
  if (gap !== undefined) {
    return problem(check, `${time} lies in a gap of the archive, between ${timeText(gap.from)} and ${timeText(gap.to)}.`, next);
  }
  if (instant < from) {
    return problem(check, `${time} is before anything that can be reached: ${window}.`, next);
  }
  return instant <= to
    ? ok(check, `${time} lies in what can be reached: ${window}.`)
    : unknown(check, `${time} is after what was stored when the tier was read (${window}). ${looked}`, next);
};
