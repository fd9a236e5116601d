// Receivers as the operator runs them: the agent as a process of its own, which can be killed at any moment.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { AgentLine, DropSlotPlan, ReceivePlan, ReceiveResult, TierPlan, WalLine } from '../../src/api/agent.ts';
import { makeIdentity } from '../../src/archive/age/header.ts';
import { makeSigningPair, readVerifiers } from '../../src/archive/signing/keys.ts';
import type { Verifiers } from '../../src/archive/signing/keys.ts';
import { openStore } from '../../src/stores/open.ts';
import type { Store } from '../../src/stores/store.ts';
import type { PostgresServer } from '../engines/postgres-server.ts';
import { root } from '../engines/server-fixture.ts';
import type { Fixture } from '../engines/server-fixture.ts';

export type WalPolicy = {
  readonly directory: string;
  readonly identity: string;
  readonly verifiers: Verifiers;
  tier(name: string): TierPlan;
  store(name: string): Promise<Store>;
  plan(server: PostgresServer, changes?: Partial<ReceivePlan>): Promise<ReceivePlan>;
};

export const slot = 'holdfast_shop_shop_db';

// A server that keeps its WAL, so that the archive can be compared with it.
export const keepingWal = { wal_keep_size: '4GB', max_slot_wal_keep_size: '2GB', checkpoint_timeout: '1h', max_wal_size: '8GB' };

let policies = 0;

// A policy of its own: keys, folders of tiers, plans.
export const walPolicy = async (fixture: Fixture): Promise<WalPolicy> => {
  policies += 1;
  const directory = join(fixture.directory, `policy-${policies}`);
  await mkdir(directory);
  const { identity, recipient } = await makeIdentity();
  const pair = makeSigningPair();
  const signingKeyFile = join(directory, 'signing.key');
  await writeFile(signingKeyFile, pair.privateKeyPem);
  const tier = (name: string): TierPlan => ({ name, location: { kind: 'directory', directory: join(directory, name) } });
  return {
    directory,
    identity,
    verifiers: readVerifiers([pair.verificationKey]),
    tier,
    store: (name) => openStore(tier(name).location),
    async plan(server, changes = {}) {
      const { physical: _, logical: __, ...postgresql } = await fixture.source(server);
      return {
        verb: 'receive',
        policy: { namespace: 'shop', name: 'shop' },
        clusterId: 'cluster-a',
        verificationKeys: [pair.verificationKey],
        component: 'db',
        mode: 'Continuous',
        tiers: [{ ...tier('local'), acknowledge: true }],
        recipients: [recipient],
        signingKeyFile,
        postgresql,
        slot,
        flushSeconds: 0.3,
        synchronous: false,
        ...changes,
      };
    },
  };
};

export type RunningReceiver = {
  readonly child: ChildProcess;
  readonly lines: AgentLine[];
  // What it printed that is no line of the protocol, and its log.
  readonly said: string[];
  // Resolves with the result line, or undefined where it left none.
  readonly ended: Promise<ReceiveResult | undefined>;
  newest(): WalLine | undefined;
  kill(): Promise<void>;
  stop(): Promise<ReceiveResult | undefined>;
};

const running = new Set<ChildProcess>();
// Those that a failed test left.
export const killReceivers = (): void => running.forEach((child) => child.kill('SIGKILL'));
process.once('exit', killReceivers);

export const startReceiver = (plan: ReceivePlan | DropSlotPlan): RunningReceiver => {
  const child = spawn(process.execPath, [join(root, 'src/agent.ts')], {
    env: { PATH: process.env['PATH'], HOLDFAST_PLAN: JSON.stringify(plan), HOLDFAST_TERMINATION_LOG: '/dev/null' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const lines: AgentLine[] = [];
  const said: string[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const line = JSON.parse(part) as AgentLine;
      if ((line.kind as string) === 'log') {
        said.push(part);
      } else {
        lines.push(line);
      }
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const ended = new Promise<ReceiveResult | undefined>((resolve) => {
    child.once('close', () => {
      running.delete(child);
      resolve(lines.find((line): line is ReceiveResult => line.kind === 'result'));
    });
  });
  const signal = async (name: NodeJS.Signals) => {
    child.kill(name);
    return ended;
  };
  return {
    child,
    lines,
    said,
    ended,
    newest: () => lines.findLast((line): line is WalLine => line.kind === 'wal' && line.storedLsn !== undefined),
    async kill() {
      await signal('SIGKILL');
    },
    stop: () => signal('SIGTERM'),
  };
};

// Waits until something holds, and says what it waited for where it never does.
export const until = async (
  what: string,
  holds: () => Promise<boolean> | boolean,
  seconds = 30,
  receiver?: RunningReceiver,
): Promise<void> => {
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    if (await holds()) {
      return;
    }
    await pause(50);
  }
  throw new Error(
    `It never came about that ${what}. ${receiver?.said.slice(-12).join('\n') ?? ''} ${JSON.stringify(receiver?.newest() ?? {})}`,
  );
};
