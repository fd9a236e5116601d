// Wrong ways to run the Jobs.
import type { Loose } from './right-inputs.ts';
import { wrongPolicy } from './wrong-policy.ts';
import type { WrongInput } from './wrong-policy.ts';

const toleration = (policy: Loose, one: object): void => {
  policy.spec.jobs.tolerations = [one];
};

// What no pod could be made of, before it is tried.
const placing: WrongInput[] = [
  wrongPolicy('label of nodes with a blank', ['jobs.nodeSelector', 'label of a node'], (p) => {
    p.spec.jobs.nodeSelector = { 'node pool': 'backup' };
  }),
  wrongPolicy('value of a label of nodes', ['jobs.nodeSelector', 'label of a node'], (p) => {
    p.spec.jobs.nodeSelector = { pool: 'backup/fast' };
  }),
  wrongPolicy('toleration of a value whatever it is', ['jobs.tolerations[0]', 'take value away'], (p) =>
    toleration(p, { key: 'dedicated', operator: 'Exists', value: 'backup' }),
  ),
  wrongPolicy('toleration of no key', ['jobs.tolerations[0]', 'needs operator Exists'], (p) => toleration(p, { effect: 'NoSchedule' })),
  wrongPolicy('toleration for seconds of what never evicts', ['jobs.tolerations[0]', 'tolerationSeconds goes with effect NoExecute'], (p) =>
    toleration(p, { key: 'dedicated', operator: 'Exists', effect: 'NoSchedule', tolerationSeconds: 60 }),
  ),
  wrongPolicy('toleration for less than no time', ['jobs.tolerations[0].tolerationSeconds', 'greater than or equal to 0'], (p) =>
    toleration(p, { key: 'dedicated', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: -1 }),
  ),
  wrongPolicy('toleration by an unknown operator', ['jobs.tolerations[0].operator', 'Unsupported value', 'Exists'], (p) =>
    toleration(p, { key: 'dedicated', operator: 'In' }),
  ),
  wrongPolicy('toleration of an unknown effect', ['jobs.tolerations[0].effect', 'Unsupported value', 'NoSchedule'], (p) =>
    toleration(p, { key: 'dedicated', operator: 'Exists', effect: 'NoRun' }),
  ),
  wrongPolicy('account with a slash', ['jobs.serviceAccountName', 'no namespace'], (p) => {
    p.spec.jobs.serviceAccountName = 'shop/backup';
  }),
  wrongPolicy('pull secret that is a file', ['jobs.imagePullSecrets[0].name', 'plain name of an object'], (p) => {
    p.spec.jobs.imagePullSecrets = [{ name: '.dockerconfigjson' }];
  }),
];

const limits: WrongInput[] = [
  wrongPolicy('no attempt', ['jobs.attempts', 'greater than or equal to 1'], (p) => {
    p.spec.jobs.attempts = 0;
  }),
  wrongPolicy('eleven attempts', ['jobs.attempts', 'less than or equal to 10'], (p) => {
    p.spec.jobs.attempts = 11;
  }),
  wrongPolicy(
    'deadline as a number',
    ['jobs.deadlines.start', 'must be of type string'],
    (p) => {
      p.spec.jobs.deadlines = { start: 600 };
    },
    { saysServerSide: ['jobs.deadlines.start', 'expected string'] },
  ),
  wrongPolicy('deadline in a fraction', ['jobs.deadlines.seal', 'whole numbers'], (p) => {
    p.spec.jobs.deadlines = { seal: '1.5h' };
  }),
  wrongPolicy('deadline of a Log backup without a unit', ['jobs.deadlines.log', 'write a duration'], (p) => {
    p.spec.jobs.deadlines = { log: '30' };
  }),
  wrongPolicy('deadline with the small unit first', ['jobs.deadlines.inspect', 'larger units first'], (p) => {
    p.spec.jobs.deadlines = { inspect: '30m1h' };
  }),
  wrongPolicy('deadline in words', ['jobs.deadlines.dump', 'duration such as'], (p) => {
    p.spec.jobs.deadlines = { dump: '6 hours' };
  }),
  wrongPolicy('deadline of a restore in words', ['jobs.deadlines.recover', 'duration such as'], (p) => {
    p.spec.jobs.deadlines = { recover: 'half a day' };
  }),
  wrongPolicy('deadline of zero', ['jobs.deadlines.copy', 'longer than zero'], (p) => {
    p.spec.jobs.deadlines = { copy: '0h' };
  }),
  wrongPolicy('no parallelism', ['jobs.parallelism', 'greater than or equal to 1'], (p) => {
    p.spec.jobs.parallelism = 0;
  }),
  wrongPolicy('request above its limit', ['jobs.resources', 'lower the request or raise the limit'], (p) => {
    p.spec.jobs.resources.requests.memory = '1Gi';
  }),
  wrongPolicy('quantity in words', ['jobs.resources.limits[memory]', 'quantity such as'], (p) => {
    p.spec.jobs.resources.limits.memory = 'lots';
  }),
  wrongPolicy(
    'unknown field',
    ['unknown field "spec.retention"'],
    (p) => {
      p.spec.retention = { keepLast: 2 };
    },
    { saysServerSide: ['.spec.retention', 'field not declared in schema'] },
  ),
  wrongPolicy(
    'misspelt field',
    ['unknown field "spec.jobs.paralelism"'],
    (p) => {
      p.spec.jobs.paralelism = 2;
    },
    { saysServerSide: ['.spec.jobs.paralelism', 'field not declared in schema'] },
  ),
];

export const wrongJobs: WrongInput[] = [...placing, ...limits];
