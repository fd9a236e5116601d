// What telling people needs. Reading and writing the API is the controller's.
import type { Log } from '../telemetry/log.ts';
import type { Mail } from './message.ts';
import type { Handed } from './email.ts';
import type { Pauses } from './pauses.ts';
import type { HeartbeatTarget, MailServer, Notifying } from './settings-file.ts';

export type Sink = 'email' | 'heartbeat';

export type Senders = {
  sendMail: (server: MailServer, to: string[], mail: Mail) => Promise<Handed>;
  sendHeartbeat: (target: HeartbeatTarget, policy: { namespace: string; name: string }, outcome: 'success' | 'fail') => Promise<void>;
};

export type TellContext = Senders & {
  log: Log;
  now: () => number;
  clusterId: string;
  settings: () => Notifying | undefined;
  // Why the settings as they stand now cannot be used.
  settingsProblem: () => string | undefined;
  pauses: Pauses;
  // Told of every delivery that was tried.
  counted: (sink: Sink, outcome: 'delivered' | 'failed') => void;
};
