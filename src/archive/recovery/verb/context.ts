// What the Job of a Restore gives to the recovery.
import { readFile } from 'node:fs/promises';
import type { DirectoryPlan } from '../../../api/recover.ts';
import type { AgentContext } from '../../context.ts';
import { progressReporter } from '../../progress.ts';
import type { RecoveryContext } from '../context.ts';
import { identitiesIn } from '../keys.ts';
import type { Owner } from '../request.ts';

// Programs run as whoever runs the agent.
export const recoveryContextOf = ({ log, signal, now, step, report }: AgentContext): RecoveryContext => ({
  log,
  signal,
  now,
  step,
  dropsPrivileges: false,
  progress: progressReporter(report, now),
});

export const readIdentities = async (file: string): Promise<string[]> =>
  identitiesIn(await readFile(file, 'utf8'), 'The Secret of source.identitySecretRef');

// Whom the files are given to: nobody, where the agent runs as that user already.
export const ownerOf = ({ runAs }: DirectoryPlan): Owner | undefined =>
  process.getuid?.() === 0 ? { uid: runAs.user, gid: runAs.group } : undefined;
