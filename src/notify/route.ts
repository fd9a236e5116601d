// Where the alerts of a policy go.
import type { BackupPolicy } from '../api/objects.ts';
import type { Notifying, Sinks } from './settings-file.ts';

export type RouteFound = {
  sinks: Sinks;
  // The policy names a route that is not there.
  missing?: string;
  // Nobody knows where the alerts go: the settings could not be read yet.
  broken?: string;
};

const defaultRoute = 'default';

// A policy that names no route takes the one named `default`, where there is one.
export const routeOf = (policy: BackupPolicy, settings: Notifying | undefined, problem: string | undefined): RouteFound => {
  if (settings === undefined && problem !== undefined) {
    return { sinks: {}, broken: problem };
  }
  const name = policy.spec.notify?.route;
  const sinks = settings?.routes.get(name ?? defaultRoute);
  if (sinks !== undefined || name === undefined) {
    return { sinks: sinks ?? {} };
  }
  const known = [...(settings?.routes.keys() ?? [])];
  const there = known.length === 0 ? 'It has none.' : `It has ${known.join(', ')}.`;
  return {
    sinks: {},
    missing: `spec.notify.route is "${name}", and the operator has no such route: nobody is told of alerts. ${there} Add it to notify.routes in the values of the chart, or name another one.`,
  };
};
