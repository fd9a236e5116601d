// What the operator is told by its environment.
import { labelPattern } from '../api/label-pattern.ts';

export type Settings = {
  // Image of the agent by major version of PostgreSQL.
  agentImages: Map<number, string>;
  healthPort: number;
  // Only this namespace is looked at. Default: all.
  watchNamespace?: string;
  // File with the settings of notifications. Absent: nobody is told of alerts.
  notifySettingsFile?: string;
  // The Lease of those who watch the same. Undefined: this process is alone, and works without one.
  lease?: LeaseSettings;
  // Holdfast is being removed: it drops the replication slots, for so many seconds, and does nothing else.
  uninstall?: UninstallSettings;
};

// `deployment`: of the operators that it takes the place of, in the namespace of the Lease.
export type UninstallSettings = { seconds: number; deployment?: string };

// Default namespace: that of the pod, or of the kubeconfig.
export type LeaseSettings = { name: string; namespace?: string };

// Thrown at start when a variable cannot be used.
export class SettingsError extends Error {
  readonly code = 'SettingsInvalid';

  constructor(message: string) {
    super(message);
    this.name = 'SettingsError';
  }
}

export const readSettings = (environment: Record<string, string | undefined>): Settings => ({
  agentImages: readImages(environment['AGENT_IMAGES']),
  healthPort: readPort(environment['HEALTH_PORT'] ?? '8080'),
  ...readNamespace(environment['WATCH_NAMESPACE']),
  ...(environment['NOTIFY_SETTINGS'] ? { notifySettingsFile: environment['NOTIFY_SETTINGS'] } : {}),
  ...readLease(environment),
  ...readUninstall(environment),
});

const readUninstall = ({ UNINSTALL_SECONDS: text = '', OPERATOR_DEPLOYMENT: deployment = '' }: Record<string, string | undefined>) => {
  const seconds = Number(text);
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > 3600) {
    throw new SettingsError(`UNINSTALL_SECONDS must be a number of seconds up to 3600, or empty. It is: ${text}`);
  }
  return text === '' ? {} : { uninstall: { seconds, ...(deployment === '' ? {} : { deployment }) } };
};

// By default those who watch different namespaces do not wait for one another.
const readLease = (environment: Record<string, string | undefined>): { lease?: LeaseSettings } => {
  const {
    LEADER_ELECT: elect = 'true',
    LEASE_NAME: name = '',
    LEASE_NAMESPACE: namespace = '',
    WATCH_NAMESPACE: watched = '',
  } = environment;
  if (elect !== 'true' && elect !== 'false') {
    throw new SettingsError(`LEADER_ELECT must be true or false. It is: ${elect}`);
  }
  for (const [variable, value] of Object.entries({ LEASE_NAME: name, LEASE_NAMESPACE: namespace })) {
    if (value !== '' && (!labelPattern.test(value) || value.length > 63)) {
      throw new SettingsError(`${variable} must be a name of at most 63 small letters, digits and hyphens, or empty. It is: ${value}`);
    }
  }
  const usual = watched === '' ? 'holdfast' : `holdfast-${watched}`;
  return elect === 'false' ? {} : { lease: { name: name === '' ? usual : name, ...(namespace === '' ? {} : { namespace }) } };
};

const readNamespace = (text = ''): { watchNamespace?: string } => {
  if (text === '') {
    return {};
  }
  if (!labelPattern.test(text) || text.length > 63) {
    throw new SettingsError(`WATCH_NAMESPACE must be the name of one namespace, or empty for all. It is: ${text}`);
  }
  return { watchNamespace: text };
};

const readImages = (text = '{}'): Map<number, string> => {
  try {
    return new Map(Object.entries(JSON.parse(text) as Record<string, unknown>).map(([major, image]) => [majorOf(major), imageOf(image)]));
  } catch {
    throw new SettingsError(
      `AGENT_IMAGES must be a JSON object from major version to image, such as {"17":"registry/agent:1"}. It is: ${text}`,
    );
  }
};

const majorOf = (text: string): number => {
  if (!/^[1-9][0-9]$/.test(text)) {
    throw new RangeError(`${text} is no major version`);
  }
  return Number(text);
};

const imageOf = (value: unknown): string => {
  if (typeof value !== 'string' || value === '') {
    throw new TypeError('An image must be a text');
  }
  return value;
};

const readPort = (text: string): number => {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new SettingsError(`HEALTH_PORT must be a port number. It is: ${text}`);
  }
  return port;
};

export const majorsOf = ({ agentImages }: Pick<Settings, 'agentImages'>): number[] => [...agentImages.keys()].toSorted((a, b) => a - b);
