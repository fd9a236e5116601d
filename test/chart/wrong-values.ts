// Values of the chart that are refused, each with the words of the answer.
import { rightPolicy } from '../api/right-inputs.ts';

// Values as one --set-json flag.
export const json = (key: string, value: unknown): string[] => ['--set-json', `${key}=${JSON.stringify(value)}`];
const policyOf = (spec: unknown): unknown => [{ name: 'shop', namespace: 'shop', spec }];

export const wrongValues: { name: string; flags: string[]; says: RegExp }[] = [
  { name: 'unknown key at the top', flags: ['--set', 'replicas=2'], says: /'replicas' not allowed/ },
  { name: 'no replica', flags: ['--set', 'operator.replicas=0'], says: /\/operator\/replicas/ },
  { name: 'replicas as text', flags: ['--set-string', 'operator.replicas=2'], says: /\/operator\/replicas/ },
  { name: 'unknown key of image', flags: ['--set', 'image.name=x'], says: /\/image.*'name' not allowed/s },
  { name: 'unknown key of agent', flags: ['--set', 'agent.image=x'], says: /\/agent.*'image' not allowed/s },
  { name: 'major version that does not exist', flags: ['--set', 'agent.images.9=x:1'], says: /\/agent\/images.*'9' not allowed/s },
  { name: 'agent image without a tag', flags: ['--set-string', 'agent.images.17=holdfast/agent'], says: /\/agent\/images\/17/ },
  { name: 'tag in the repository', flags: ['--set', 'image.repository=holdfast/operator:1'], says: /\/image\/repository/ },
  { name: 'digest that is none', flags: ['--set', 'image.digest=abc'], says: /\/image\/digest/ },
  { name: 'unknown key of the operator', flags: ['--set', 'operator.loglevel=info'], says: /\/operator.*'loglevel' not allowed/s },
  { name: 'unknown log level', flags: ['--set', 'operator.logLevel=loud'], says: /\/operator\/logLevel/ },
  {
    name: 'unknown key of resources',
    flags: ['--set', 'operator.resources.request.cpu=1'],
    says: /\/operator\/resources.*'request' not allowed/s,
  },
  {
    name: 'unknown key of serviceAccount',
    flags: ['--set', 'serviceAccount.create=true'],
    says: /\/serviceAccount.*'create' not allowed/s,
  },
  { name: 'unknown key of rbac', flags: ['--set', 'rbac.create=true'], says: /\/rbac.*'create' not allowed/s },
  { name: 'admission as text', flags: ['--set-string', 'admission.enabled=no'], says: /\/admission\/enabled/ },
  { name: 'unknown key of crds', flags: ['--set', 'crds.install=true'], says: /\/crds.*'install' not allowed/s },
  {
    name: 'mail without TLS',
    flags: ['--set', 'notify.smtp.host=a,notify.smtp.from=a@b,notify.smtp.tls=None'],
    says: /\/notify\/smtp\/tls/,
  },
  { name: 'a password in the values', flags: ['--set', 'notify.smtp.password=x'], says: /\/notify\/smtp.*'password' not allowed/s },
  { name: 'a mail server without a sender', flags: ['--set', 'notify.smtp.host=a'], says: /\/notify\/smtp.*from/s },
  {
    name: 'a heartbeat URL in the values',
    flags: ['--set', 'notify.routes.default.heartbeat.url=https://x'],
    says: /\/notify\/routes\/default\/heartbeat.*'url' not allowed/s,
  },
  {
    name: 'mail without a server',
    flags: json('notify.routes', { default: { email: { to: ['a@b'] } } }),
    says: /notify\.routes\.default sends mail, but notify\.smtp\.host is empty/,
  },
  {
    name: 'a monitor without its Service',
    flags: ['--set', 'metrics.serviceMonitor.enabled=true,metrics.service.enabled=false'],
    says: /needs metrics\.service\.enabled/,
  },
  { name: 'policy without a name', flags: json('policies', [{ spec: rightPolicy().spec }]), says: /\/policies\/0.*name/s },
  {
    name: 'unknown key of a policy',
    flags: json('policies', [{ name: 'a', specs: {}, spec: rightPolicy().spec }]),
    says: /'specs' not allowed/,
  },
  {
    name: 'misspelt field deep in a policy',
    flags: json('policies', policyOf({ ...rightPolicy().spec, jobs: { deadlines: { dumps: '1h' } } })),
    says: /\/policies\/0\/spec\/jobs\/deadlines.*'dumps' not allowed/s,
  },
  { name: 'no repository', flags: ['--set', 'image.repository='], says: /image\.repository is empty: set it to/ },
];
