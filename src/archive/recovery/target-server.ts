// A running server as the plan sees it: its version, what it holds, and which dumps would go where.
import { planDumps, refuseOccupied, refuseVersions } from '../../core/recovery/dumps.ts';
import type { DumpStep } from '../../core/recovery/dumps.ts';
import type { Link } from '../../core/recovery/choose.ts';
import { globalsArtifact } from '../../core/recovery/plan.ts';
import type { Target } from '../../core/recovery/plan.ts';
import type { Refusal } from '../../core/recovery/refusal.ts';
import { countObjects, lookAtServer } from '../../engines/postgresql/recovery/connection.ts';
import { versionOf } from '../../engines/postgresql/recovery/programs.ts';
import { markOf } from './dumps/own-names.ts';
import type { ServerTarget } from './request.ts';

export const lookAtTargetServer = async (target: ServerTarget, link: Link, signal: AbortSignal): Promise<Target> => {
  const { component } = link;
  const roles = target.roles && component.artifacts.some(({ name }) => name === globalsArtifact);
  const answer = (dumps: DumpStep[], refused?: Refusal): Target => ({
    kind: 'server',
    dumps,
    roles,
    ...(refused === undefined ? {} : { refused }),
  });
  const tools = Number.parseInt((await versionOf('pg_restore')) ?? '', 10);
  const { major, databases, comments } = await lookAtServer(target.connection, signal);
  const dumped = Number.parseInt(component.facts.versions['postgresql'] ?? '', 10);
  const dumps = planDumps(component, target, databases, (dump) => comments.get(dump.into) === markOf(target, link, dump));
  if ('kind' in dumps) {
    return answer([], dumps);
  }
  const occupied = new Map<string, number>();
  for (const { into } of dumps.filter(({ create }) => !create)) {
    occupied.set(into, await countObjects(target.connection, into, signal));
  }
  return answer(dumps, refuseVersions(dumped, major, Number.isNaN(tools) ? undefined : tools) ?? refuseOccupied(dumps, occupied, target));
};
