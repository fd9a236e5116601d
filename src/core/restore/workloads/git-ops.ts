// Marks that Argo CD and Flux leave on what they apply. They are no proof and no obstacle, but a workload that heals itself would be scaled back.
import type { GitOps } from './facts.ts';

type Marks = { labels?: Record<string, string>; annotations?: Record<string, string> };

export const gitOpsOf = ({ labels = {}, annotations = {} }: Marks): GitOps[] => {
  const application = annotations['argocd.argoproj.io/tracking-id']?.split(':')[0] ?? labels['argocd.argoproj.io/instance'];
  const argo =
    application === undefined
      ? []
      : [{ tool: `Argo CD (application ${application})`, pause: `argocd app set ${application} --sync-policy none` }];
  return [...argo, ...fluxOf('kustomization', labels, 'kustomize'), ...fluxOf('helmrelease', labels, 'helm')];
};

const fluxOf = (what: string, labels: Record<string, string>, group: string): GitOps[] => {
  const name = labels[`${group}.toolkit.fluxcd.io/name`];
  const namespace = labels[`${group}.toolkit.fluxcd.io/namespace`];
  if (name === undefined) {
    return [];
  }
  const place = namespace === undefined ? '' : ` --namespace ${namespace}`;
  return [{ tool: `Flux (${what} ${name})`, pause: `flux suspend ${what} ${name}${place}` }];
};
