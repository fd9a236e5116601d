// From the template of a workload to how its pods use a claim: which volume it is, where the data directory lies in it, and whose its files are.
import type { V1PersistentVolumeClaim, V1PodSpec } from '@kubernetes/client-node';
import { dataDirectory } from './data-directory.ts';
import type { ClaimUse, WorkloadRef } from './facts.ts';
import { runAsOf } from './run-as.ts';

// `replicas` and `firstOrdinal` tell which claims the templates of a StatefulSet stand for.
export type PodTemplate = WorkloadRef & {
  pod: V1PodSpec;
  claimTemplates?: readonly V1PersistentVolumeClaim[];
  replicas: number;
  firstOrdinal?: number;
};

// Undefined: its pods do not use the claim.
export const templateOf = (template: PodTemplate, claim: string): ClaimUse | undefined => {
  const volumes = volumesOf(template, claim);
  if (volumes.length === 0) {
    return undefined;
  }
  const where = dataDirectory(template.pod, volumes);
  const whose = runAsOf(template.pod, volumes, where.container);
  return {
    claim,
    ...(where.path === undefined ? {} : { path: where.path }),
    ...(whose.runAs === undefined ? {} : { runAs: whose.runAs }),
    unclear: [...(where.unclear ?? []), ...(whose.unclear ?? [])],
  };
};

// Names of the volumes that are this claim.
const volumesOf = (template: PodTemplate, claim: string): string[] => [
  ...(template.pod.volumes ?? []).flatMap(({ name, persistentVolumeClaim }) => (persistentVolumeClaim?.claimName === claim ? name : [])),
  ...(template.claimTemplates ?? []).flatMap(({ metadata }) =>
    isMadeFrom(template, metadata?.name ?? '', claim) ? (metadata?.name ?? '') : [],
  ),
];

// `<template>-<statefulset>-<ordinal>`. One beyond the replicas is a leftover that no pod uses; where it is stopped already, nobody knows how many it had.
const isMadeFrom = ({ name, replicas, firstOrdinal = 0 }: PodTemplate, claimTemplate: string, claim: string): boolean => {
  const start = `${claimTemplate}-${name}-`;
  const ordinal = claim.startsWith(start) ? claim.slice(start.length) : '';
  return (
    /^(0|[1-9]\d*)$/.test(ordinal) && (replicas === 0 || (Number(ordinal) >= firstOrdinal && Number(ordinal) < firstOrdinal + replicas))
  );
};
