// Mode Restore for dumps: into a server that runs.
import type { DumpsPlan, RecoverRestorePlan } from '../../../api/recover.ts';
import type { PlannedComponent } from '../../../api/restore-status.ts';
import { refusal } from '../../../core/recovery/refusal.ts';
import { readLogin } from '../../../engines/postgresql/login.ts';
import { clientsOf } from '../../../engines/postgresql/recovery/clients-of.ts';
import { connectionString, toolLogin } from '../../../engines/postgresql/tool-environment.ts';
import type { AgentContext } from '../../context.ts';
import { restoreIntoServer } from '../into-server.ts';
import type { RestoredServer } from '../into-server.ts';
import type { Prepared } from '../prepare.ts';
import { withPrepared } from '../recover.ts';
import { RecoveryRefused } from '../refused.ts';
import type { ServerTarget } from '../request.ts';
import { lookAtTargetServer } from '../target-server.ts';
import { readIdentities, recoveryContextOf } from './context.ts';
import { keepPlan, mustBe, reportPlan } from './keep-plan.ts';
import { plannedOf } from './planned.ts';
import { wishOf } from './wish.ts';

type Request = RecoverRestorePlan & { target: DumpsPlan };

export const restoreDumpsMode = (request: Request, agent: AgentContext): Promise<{ planned: PlannedComponent; note: string }> =>
  withServerTarget(request, async (target) => {
    const context = recoveryContextOf(agent);
    const wanted = {
      location: request.tier.location,
      verificationKeys: request.verificationKeys,
      identities: await readIdentities(request.identityFile),
      wish: wishOf(request),
      look: (last: Parameters<typeof lookAtTargetServer>[1]) => lookAtTargetServer(target, last, context.signal),
    };
    return withPrepared(wanted, context, async (prepared, store) => {
      const planned = plannedOf(request, prepared);
      mustBe(planned, request.planHash);
      reportPlan(agent, planned);
      return keepPlan(planned, async () => {
        await context.step('plan', () => refuseClients(target, prepared, context.signal));
        return { planned, note: noteOf(await restoreIntoServer(store, prepared, target, context)) };
      });
    });
  });

// Gives `work` the server with a file for its password, which is gone afterwards. The folder for it is memory in a pod.
export const withServerTarget = async <T>(
  { restore, target: { server, databases, into, add, roles } }: Pick<Request, 'restore' | 'target'>,
  work: (target: ServerTarget) => Promise<T>,
): Promise<T> => {
  const login = await toolLogin(server, await readLogin(server.credentialsDirectory));
  try {
    return await work({
      kind: 'server',
      restoreUid: restore.uid,
      connection: { conninfo: connectionString(server.database), environment: login.environment },
      databases,
      add,
      roles,
      schemas: [],
      tables: [],
      ...(into === undefined ? {} : { into }),
    });
  } finally {
    await login.close();
  }
};

// Whoever works in a database that is restored into sees half of it, and holds what has to be changed.
const refuseClients = async ({ connection }: ServerTarget, { dumps }: Prepared, signal: AbortSignal): Promise<void> => {
  for (const { into } of dumps.filter(({ create }) => !create)) {
    const clients = await clientsOf(connection, into, signal);
    if (clients.length > 0) {
      throw new RecoveryRefused(
        refusal('ConnectionsActive', `The database "${into}" has other connections: ${clients.slice(0, 5).join(', ')}.`, {}),
      );
    }
  }
};

const noteOf = ({ roles, databases }: RestoredServer): string =>
  [
    ...(roles.made.length === 0 ? [] : [`Roles made: ${roles.made.slice(0, 20).join(', ')}.`]),
    ...databases.map(
      ({ database, into, created, tablesCompared }) =>
        `"${database}" is ${created ? 'the new database' : 'in the database'} "${into}"; ${
          tablesCompared === undefined ? 'an earlier attempt has made and compared it.' : `rows of ${tablesCompared} tables were compared.`
        }`,
    ),
  ]
    .join(' ')
    .slice(0, 900);
