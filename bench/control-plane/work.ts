// What the operator costs: an API server of its own, 500 policies and 10,000 finished Backups; idle, restarted, from a Backup to its Job, and 500 at once.
import { numberSetting } from '../common/settings.ts';
import { makeProcessGroup } from '../common/process-group.ts';
import { say } from '../common/say.ts';
import { startApiServer } from './api-server.ts';
import { burst } from './burst.ts';
import { goalsOf } from './goals.ts';
import { idle } from './idle.ts';
import { load, policyNames, timedNames } from './load.ts';
import { buildOperator } from './operator.ts';
import { figuresOf, forPeople } from './report.ts';
import type { Results } from './report.ts';
import { restart, settle } from './restart.ts';
import { timeBackups } from './timed.ts';

const policies = 500;
const backupsPerPolicy = 20;

export const work = async (): Promise<object> => {
  const restarts = numberSetting('RUNS', 3);
  const idleSeconds = numberSetting('IDLE_SECONDS', 60);
  const timed = numberSetting('TIMED', 20);
  const group = makeProcessGroup('api-server');
  const server = await startApiServer(group);
  await buildOperator();
  say('idle, with nothing');
  const empty = await idle(server, idleSeconds);
  say(`loading ${policies} policies and ${policies * backupsPerPolicy} Backups`);
  await load(server, policyNames(policies), backupsPerPolicy, () => settle(server));
  say('idle, with all of them');
  const full = await idle(server, idleSeconds);
  const restarted: Results['restarted'] = [];
  for (let round = 1; round <= restarts; round += 1) {
    restarted.push(await restart(server));
    say(`  restart ${round} of ${restarts}: ${restarted.at(-1)?.requests} requests`);
  }
  await load(server, timedNames(timed + restarts), 1, () => settle(server));
  const backups = await timeBackups(server, restarts, timed);
  say(`${policies} Backups at once`);
  const results: Results = { empty, full, restarted, backups, burst: await burst(server, policyNames(policies)) };
  await server.client.close();
  await group.remove();
  const goals = goalsOf(results);
  console.log(forPeople(results, goals));
  return figuresOf(results, goals);
};
