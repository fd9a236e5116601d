// What the plugin remembers of a policy, for the night on which the API server does not answer: whom to tell, which claim, which bucket; always with its age.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { temporaryFolder } from '../temporary-folder.ts';
import { startApiServer } from './api-server.ts';
import { runHere } from './capture.ts';
import { first } from './doctor-world.ts';
import { base, identity, identityFile, shop } from './emergency-world.ts';
import { now } from './examples.ts';
import { failing, forbidden } from './play.ts';

const hour = 3_600_000;
const lookBefore = [
  ['status', 'shop', '-n', 'shop'],
  ['status', '-A'],
  ['doctor', 'shop', '-n', 'shop'],
  ['playbook', 'ransomware', 'shop', '-n', 'shop'],
  [...base, '-n', 'shop'],
];

const world = async (environment: Record<string, string>) => {
  const objects = shop();
  first(objects, 'backuppolicies')['spec'].tiers[1].s3.endpoint = 'https://s3.example.org';
  const server = await startApiServer(objects);
  const command = (args: string[], hoursLater = 0) =>
    runHere([...args, '--kubeconfig', server.kubeconfig], { environment, startTime: now + hoursLater * hour });
  return { command, ...server };
};

const filesBelow = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.json'));

test('an API server that is away: whoever was to be told is still printed, and the bucket with its name', async (t) => {
  for (const look of lookBefore) {
    const cache = temporaryFolder('cache');
    const { command, close } = await world({ XDG_CACHE_HOME: cache });
    await command(look);
    close();
    const { code, stderr } = await command([...base, '-n', 'shop', '--component', 'db'], 3);
    t.is(code, 5, look.join(' '));
    t.regex(
      stderr,
      /^The API server does not answer\. What is known of shop\/shop is of 2026-11-22T05:12:30Z \(3h ago\), as this machine read it then\.$/m,
    );
    t.regex(stderr, /^TELL {8}ops@example\.org$/m);
    t.regex(
      stderr,
      new RegExp(
        `Next: The store needs no cluster: kubectl holdfast restore --from s3://\\S+ --endpoint https://s3\\.example\\.org .*--identity ${identityFile} --component db --latest`,
      ),
    );
    const page = await command(['playbook', 'ransomware', '-n', 'shop'], 3);
    t.is(page.code, 0);
    t.regex(page.stderr, /^The API server does not answer\. What is known of shop\/shop is of .* \(3h ago\)/);
    t.regex(page.stdout, /^Tell: ops@example\.org$/m);
    const names = look[0] === 'playbook' || look[0] === 'restore' ? /<[a-z]/ : /<(?!claim)[a-z]/;
    t.notRegex(page.stdout, names, 'nothing is left to fill in');
    const [file = ''] = filesBelow(cache);
    t.is(statSync(join(cache, file)).mode & 0o777, 0o600);
    t.false(readFileSync(join(cache, file), 'utf8').includes(identity));
  }
});

test('contacts that could not be read are not nobody', async (t) => {
  const { command, close, scene } = await world({ XDG_CACHE_HOME: temporaryFolder('cache') });
  failing({ 'GET configmaps': forbidden })(scene);
  await command(['status', 'shop', '-n', 'shop']);
  close();
  t.regex((await command([...base, '-n', 'shop'])).stderr, /^TELL {8}not known: this machine could not read the operator's settings$/m);
});

test('another cluster, another namespace, a damaged file, nothing at all: nobody is named who is not meant', async (t) => {
  const cache = temporaryFolder('cache');
  const one = await world({ XDG_CACHE_HOME: cache });
  await one.command(['status', 'shop', '-n', 'shop']);
  const other = await world({ XDG_CACHE_HOME: cache });
  one.close();
  other.close();
  const said = async (asked: typeof one, namespace: string) => (await asked.command([...base, '-n', namespace])).stderr;
  t.regex(await said(one, 'shop'), /TELL/);
  t.notRegex(await said(other, 'shop'), /TELL/);
  t.notRegex(await said(one, 'web'), /TELL/);
  const [file = ''] = filesBelow(cache);
  writeFileSync(join(cache, file), '{"format":1}');
  const damaged = await said(one, 'shop');
  t.notRegex(damaged, /TELL/);
  t.regex(damaged, /^Error \(ApiUnreachable\).*\nNext: .*--from <folder/m);
});

test('by the rules of XDG: an absolute XDG_CACHE_HOME, else .cache at home, else nowhere; a folder that cannot be written is no error', async (t) => {
  const home = temporaryFolder('home');
  const { command, close } = await world({ XDG_CACHE_HOME: 'relative', HOME: home });
  t.is((await command(['status', 'shop', '-n', 'shop'])).code, 0);
  close();
  t.is(filesBelow(join(home, '.cache/kubectl-holdfast/policies')).length, 1);
  const blocked = temporaryFolder('blocked');
  mkdirSync(join(blocked, 'kubectl-holdfast'));
  writeFileSync(join(blocked, 'kubectl-holdfast/policies'), '');
  const without = await world({ XDG_CACHE_HOME: blocked });
  t.teardown(without.close);
  const { code, stderr } = await without.command(['status', 'shop', '-n', 'shop']);
  t.is(code, 0, stderr);
});

test('who may not read the settings of the operator is told what this machine knew before', async (t) => {
  const { command, close, scene } = await world({ XDG_CACHE_HOME: temporaryFolder('cache') });
  t.teardown(close);
  await command(['status', 'shop', '-n', 'shop']);
  failing({ 'GET configmaps': forbidden })(scene);
  const { code, stderr } = await command([...base, '-n', 'shop'], 1);
  t.is(code, 4);
  t.regex(stderr, /^Emergency restore of shop\/shop\nTELL {8}ops@example\.org\n/);
});
