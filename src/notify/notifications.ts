// Everything about telling people, put together: the file of settings, the senders, the controller.
import type { Backoff } from '../kube/backoff.ts';
import type { Log } from '../telemetry/log.ts';
import { sendMail } from './email.ts';
import { sendHeartbeat } from './heartbeat.ts';
import { createNotifier } from './notifier.ts';
import type { Notifier, NotifierContext } from './notifier.ts';
import { createPauses } from './pauses.ts';

export type NotificationOptions = Pick<
  NotifierContext,
  'client' | 'policies' | 'backups' | 'backupsOf' | 'restores' | 'restoresOf' | 'now' | 'clusterId' | 'counted' | 'mayAct'
> & {
  log: Log;
  // Absent: incidents stand in the status, and nobody is told.
  settingsFile?: string;
  pace?: Pace;
};

type Pace = { readEveryMilliseconds: number; backoff: Backoff };

export type Notifications = {
  readonly notifier: Notifier;
  // Whether the settings as they stand now can be used. Absent: there are none.
  readonly areUsable?: () => boolean;
  // Keeps the settings up to date until the signal is aborted.
  watchSettings(signal: AbortSignal): Promise<void>;
};

// A server that is away is asked again after a quarter of a minute, then less and less often.
const usualPace: Pace = { readEveryMilliseconds: 10_000, backoff: { firstMilliseconds: 15_000, mostMilliseconds: 10 * 60_000 } };

export const createNotifications = async ({ settingsFile, pace = usualPace, ...given }: NotificationOptions): Promise<Notifications> => {
  // With a parser of YAML and a schema: large, and many operators tell nobody.
  const file =
    settingsFile === undefined
      ? undefined
      : (await import('./settings-file.ts')).openSettingsFile(settingsFile, given.log, pace.readEveryMilliseconds);
  // Before the controller asks: an incident that is open already shall find its route.
  await file?.read();
  const notifier = createNotifier({
    ...given,
    sendMail,
    sendHeartbeat,
    pauses: createPauses(pace.backoff),
    settings: () => file?.current(),
    settingsProblem: () => file?.problem(),
  });
  return {
    notifier,
    ...(file === undefined ? {} : { areUsable: () => file.problem() === undefined }),
    watchSettings: async (signal) => file?.run(signal, () => notifier.again()),
  };
};
