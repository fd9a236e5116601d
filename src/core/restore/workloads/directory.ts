// The data directory that is restored in place: as the spec says, and else as the workload that uses the claim says.
import type { ClaimUse, QuiesceFacts } from './facts.ts';
import { refuse } from './refusal.ts';
import type { WorkloadRefusal } from './refusal.ts';

type RunAs = { user: number; group: number };
export type InPlace = { claimName: string; path?: string | undefined; runAs?: RunAs | undefined };
export type Directory = { kind: 'directory'; claimName: string; path: string; runAs: RunAs };

export const directoryOf = (target: InPlace, { namespace, workloads, pods }: QuiesceFacts): Directory | WorkloadRefusal => {
  const uses = workloads.flatMap((workload) =>
    workload.uses.flatMap((use) => (use.claim === target.claimName ? { ...use, by: `${workload.kind} ${workload.name}` } : [])),
  );
  const path = target.path ?? agreed(uses.map((use) => use.path));
  const runAs = target.runAs ?? agreed(uses.map((use) => use.runAs));
  if (path !== undefined && runAs !== undefined) {
    return { kind: 'directory', claimName: target.claimName, path, runAs };
  }
  const missing = [...(path === undefined ? ['path'] : []), ...(runAs === undefined ? ['runAs'] : [])];
  const fields = missing.map((field) => `target.inPlace.${field}`).join(' and ');
  const pod = pods.find(({ claims }) => claims.includes(target.claimName));
  const look =
    pod === undefined ? '' : `, as kubectl exec ${pod.name} --namespace ${namespace} -- sh -c 'stat -c "%u %g %n" "$PGDATA"' tells`;
  return refuse('WorkloadMissing', `${whyUnclear(target.claimName, uses, missing)} Write ${fields} in another Restore${look}.`);
};

// What all that say something say alike.
const agreed = <T>(values: readonly (T | undefined)[]): T | undefined => {
  const said = values.filter((value) => value !== undefined);
  return said.every((value) => JSON.stringify(value) === JSON.stringify(said[0])) ? said[0] : undefined;
};

const whyUnclear = (claim: string, uses: readonly (ClaimUse & { by: string })[], missing: readonly string[]): string => {
  if (uses.length === 0) {
    return `No Deployment and no StatefulSet uses claim ${claim}, so nothing says where its data directory lies or whose it is.`;
  }
  const unclear = uses.flatMap((use) => use.unclear.map((why) => `${use.by}: ${why}`));
  return unclear.length === 0
    ? `The workloads that use claim ${claim} do not agree: ${uses.map(({ by, path, runAs }) => `${by} says ${path ?? '-'}, ${runAs?.user ?? '-'}:${runAs?.group ?? '-'}`).join('; ')}.`
    : `Claim ${claim}: nobody can tell ${missing.join(' and ')}: ${unclear.slice(0, 3).join('; ')}.`;
};
