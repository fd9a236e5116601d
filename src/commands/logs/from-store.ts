// Logs from the store, where agents leave them. The plugin has no credentials of it: it asks the operator for a Job that prints them.
import type { AgentLine, InspectResult, StoredLogLine } from '../../api/agent.ts';
import { annotation, label } from '../../api/group.ts';
import type { Backup } from '../../api/objects.ts';
import { agentContainer, podStart } from '../../core/jobs/pod-waiting.ts';
import { KubeError } from '../../kube/errors.ts';
import type { Cluster } from '../common/cluster.ts';
import { notFound, undetermined } from '../common/errors.ts';
import type { CommandError } from '../common/errors.ts';
import { durationText } from '../common/figures.ts';
import { findPolicy } from '../common/find.ts';
import type { Io } from '../common/io.ts';
import { backups } from '../common/resources.ts';
import type { LogPrinter } from './printer.ts';
import { findPods } from './sources.ts';
import type { Pod } from './sources.ts';
import { isOfComponent, titleOf } from './stored-name.ts';

type StoredOptions = { component: string | undefined; timeoutMilliseconds: number; printer: LogPrinter; io: Io };

const lookMilliseconds = 1000;

export const readStored = async (cluster: Cluster, backup: Backup, backupId: string, options: StoredOptions): Promise<void> => {
  await mustHavePolicy(cluster, backup);
  const { lines, result } = await askForLog(cluster, backup, backupId, options);
  if (result.outcome === 'Failed') {
    throw undetermined(
      result.code ?? 'Failed',
      `The stored log could not be read: ${result.message ?? 'no reason was given'}`,
      'Look at the primary tier of the policy.',
    );
  }
  const wanted = lines.filter(({ object }) => options.component === undefined || isOfComponent(object, options.component));
  if (wanted.length === 0) {
    throw notFound(
      'NoLog',
      `The store holds no log of the Backup ${backup.metadata.name}.`,
      `Conditions and messages are still there: kubectl describe backup ${backup.metadata.name} -n ${backup.metadata.namespace}`,
    );
  }
  for (const { object, line } of wanted) {
    options.printer.line(titleOf(object), line);
  }
};

// The policy says where the store is.
const mustHavePolicy = async (cluster: Cluster, { spec, metadata }: Backup): Promise<void> => {
  if ((await findPolicy(cluster, spec.policyRef.name)) === undefined) {
    throw notFound(
      'PolicyNotFound',
      `The pods of ${metadata.name} are gone, and so is its policy "${spec.policyRef.name}", which says where the store is.`,
      `Create the policy again, or read the objects logs/${metadata.name} of the store: they are plain text.`,
    );
  }
};

// Somebody else may ask at the same time; then the operator stops our Job, and theirs prints the same.
const askForLog = async (
  cluster: Cluster,
  backup: Backup,
  backupId: string,
  { timeoutMilliseconds, printer, io }: StoredOptions,
): Promise<Log> => {
  const selector = { [label.backupId]: backupId, [label.verb]: 'logs' };
  const { namespace, name } = backup.metadata;
  const before = new Set((await findPods(cluster, selector)).map(uidOf));
  await cluster.client.patch(
    backups,
    { namespace, name },
    { metadata: { annotations: { [annotation.logsRequested]: new Date(io.now()).toISOString() } } },
  );
  printer.note(name, 'Reading the log from the store: a Job is started for that.');
  const until = io.now() + timeoutMilliseconds;
  let waiting = 'No Job was started: is the operator running?';
  while (io.now() < until) {
    for (const pod of (await findPods(cluster, selector)).filter((each) => !before.has(uidOf(each)))) {
      const { started, message } = podStart(pod);
      const log = started ? await readLog(cluster, pod) : undefined;
      if (log !== undefined) {
        return log;
      }
      waiting = message ?? 'The pod has not ended yet.';
    }
    await io.pause(lookMilliseconds);
  }
  throw tooLate(timeoutMilliseconds, waiting);
};

const uidOf = ({ metadata }: Pod): string => metadata?.uid ?? '';

const tooLate = (timeoutMilliseconds: number, waiting: string): CommandError =>
  undetermined(
    'TimedOut',
    `The store has not been read after ${durationText(timeoutMilliseconds)}. ${waiting}`,
    'Mend that, or wait longer with --timeout.',
  );

type Log = { lines: StoredLogLine[]; result: InspectResult };

// Undefined where the log has no end: the pod was stopped, or the answer was cut.
const readLog = async ({ client }: Cluster, { metadata }: Pod): Promise<Log | undefined> => {
  const lines: StoredLogLine[] = [];
  try {
    const ref = { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
    for await (const text of client.logs(ref, { container: agentContainer, follow: true })) {
      const line = parse(text);
      if (line?.kind === 'stored-log') {
        lines.push(line);
      } else if (line?.kind === 'result' && line.verb === 'inspect') {
        return { lines, result: line };
      }
    }
  } catch (error) {
    if (!(error instanceof KubeError) || error.status === 403) {
      throw error;
    }
  }
  return undefined;
};

const parse = (text: string): AgentLine | undefined => {
  if (!text.startsWith('{')) {
    return undefined;
  }
  try {
    return JSON.parse(text) as AgentLine;
  } catch {
    return undefined;
  }
};
