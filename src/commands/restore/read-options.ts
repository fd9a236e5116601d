// What the options of `restore` mean: a wish, a place, keys.
import { resolve } from 'node:path';
import type { VerificationKey } from '../../api/agent.ts';
import { identitiesIn } from '../../archive/recovery/keys.ts';
import { connectionHoldsPassword, keepableSettings, notKeepable } from '../../archive/recovery/request.ts';
import type { RecoveryRequest } from '../../archive/recovery/request.ts';
import type { Form, Wish } from '../../core/recovery/wish.ts';
import { wrongUse } from '../common/errors.ts';
import { readIdentityFiles } from '../common/identity-files.ts';
import type { Io } from '../common/io.ts';
import { keysInText, readVerificationKeys } from '../common/verification-keys.ts';
import { dashed } from './next.ts';
import type { RecoveryOptions } from './options.ts';
import { readOwner } from './owner.ts';
import { readPoint, readTimeline } from './point.ts';

export const wishOf = (options: RecoveryOptions): Wish => {
  const form: Form = options.into === undefined ? 'physical' : 'logical';
  const { component, base } = options;
  const timeline = readTimeline(options.timeline);
  return {
    form,
    point: readPoint(options),
    ...(component === undefined ? {} : { component }),
    ...(base === undefined ? {} : { base }),
    ...(timeline === undefined ? {} : { timeline }),
  };
};

// A folder, or a running server. `acting`: not only a plan is wanted.
export const readTarget = async (options: RecoveryOptions, io: Io, acting: boolean): Promise<RecoveryRequest['target']> => {
  const { to, into } = options;
  if ((to === undefined) === (into === undefined)) {
    throw wrongUse(
      to === undefined ? 'It is not said where to restore to.' : 'One restore has one target.',
      'Name a folder that is empty or not there with --to, or a running server with --into.',
    );
  }
  return into === undefined ? readDirectory(resolve(to ?? ''), options, acting) : readServer(into, options, io.environment);
};

const refuse = (options: RecoveryOptions, names: (keyof RecoveryOptions)[], belongsTo: string): void => {
  const given = names.find((name) => options[name] !== undefined);
  if (given !== undefined) {
    throw wrongUse(`--${dashed(given)} goes with ${belongsTo}.`, `Leave it out, or use ${belongsTo}.`);
  }
};

const readDirectory = async (path: string, options: RecoveryOptions, acting: boolean): Promise<RecoveryRequest['target']> => {
  refuse(options, ['database', 'schema', 'table', 'intoDatabase', 'add'], '--into');
  const { keep = [], postgresqlBin: programs } = options;
  const [unknown] = notKeepable(keep);
  if (unknown !== undefined) {
    throw wrongUse(`A restore does not touch the setting "${unknown}".`, `--keep takes ${keepableSettings()}.`);
  }
  const owner = acting ? await readOwner(options.owner, process.getuid?.()) : undefined;
  return { kind: 'directory', path, keep, ...(owner === undefined ? {} : { owner }), ...(programs === undefined ? {} : { programs }) };
};

const readServer = (conninfo: string, options: RecoveryOptions, environment: NodeJS.ProcessEnv): RecoveryRequest['target'] => {
  refuse(options, ['keep', 'owner', 'postgresqlBin'], '--to');
  if (connectionHoldsPassword(conninfo)) {
    throw wrongUse(
      '--into must not hold a password: everybody on this machine could read it.',
      'Put it into PGPASSWORD, or into a file that PGPASSFILE names.',
    );
  }
  const { database: databases = [], schema: schemas = [], table: tables = [], intoDatabase, add = false, roles = true } = options;
  const passed = Object.entries(environment).filter(([name, value]) => value !== undefined && (/^PG[A-Z]+$/.test(name) || name === 'HOME'));
  return {
    kind: 'server',
    connection: { conninfo, environment: Object.fromEntries(passed) as Record<string, string> },
    databases,
    schemas,
    tables,
    add,
    roles,
    ...(intoDatabase === undefined ? {} : { into: intoDatabase }),
  };
};

type Keys = { identities?: string[]; verificationKeys: VerificationKey[] };

// The identity opens, the verification key tells genuine from forged. One file may hold both.
export const readKeys = async ({ identity: files = [], verificationKey }: RecoveryOptions, identityNeeded: boolean): Promise<Keys> => {
  if (identityNeeded && files.length === 0) {
    throw wrongUse(
      'Without the identity nobody can open a backup.',
      'Name identity.txt, which keygen wrote and you keep in a safe, with --identity.',
    );
  }
  const texts = await readIdentityFiles(files);
  const beside = texts.flatMap(keysInText);
  const verificationKeys = verificationKey === undefined && beside.length > 0 ? beside : await readVerificationKeys(verificationKey);
  return { verificationKeys, ...(files.length === 0 ? {} : { identities: texts.flatMap((text) => identitiesIn(text)) }) };
};
