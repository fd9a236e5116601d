// docs/alerts.md: who is told of what, how to set it up, and what each alert means.
import { alerts } from '../../src/api/alerts.ts';
import { table } from './markdown.ts';

const intro = `# Alerts

<!-- Made by hack/generate.ts from src/api/alerts.ts and hack/generate/alerts-docs.ts. Do not edit. -->

The operator itself tells people: no Prometheus is needed. Of each incident it sends one mail when it opens and one when it is over. What is open stands in
\`status.alerts\` of the policy, also where nobody is told. Runs that end well send no mail.

## Mail

\`\`\`yaml
notify:
  smtp:
    host: mail.example.org
    port: 587                     # StartTLS; or tls: Implicit, often on port 465
    from: Holdfast <holdfast@example.org>
    user: holdfast
    passwordSecretRef: {name: holdfast-mail, key: password}
    caSecretRef: {name: mail-ca, key: ca.crt}   # only for a certificate authority of your own
  routes:
    default:
      email: {to: [ops@example.org]}
    night:
      email: {to: [night@example.org]}
\`\`\`

These are values of the chart. The Secrets lie in the operator's namespace and are mounted as files; the operator has no right to read Secrets. Changes take effect within two
minutes, without a restart. Settings that cannot be used are said in the operator's log and by \`holdfast_notify_settings_valid 0\`; those from before stay in force.

A policy chooses a route by \`spec.notify.route\`. One that names none takes the route \`default\`, where there is one. A route that is not there is an error of the policy (condition
\`NotifyFailing\`, reason \`RouteMissing\`); no other route takes its place.

- There is no mail without TLS (1.2 or later) and a certificate that is trusted.
- The first line says what to do. Mails of one incident have \`References\` to the first one, so that mail programs show one conversation.
- What cannot be delivered is tried again after 15 seconds, then less and less often, at least every 10 minutes. Meanwhile \`NotifyFailing\` is True on the policy, and
  \`holdfast_notify_deliveries_total{outcome="failed"}\` counts. Backups do not wait for mail.
- An operator that dies between sending and remembering sends the mail once more, with the same \`Message-ID\`.

## Heartbeat

Mail tells of what the operator sees. Should the operator, its cluster or the mail server be gone, nothing is sent. So let a watcher elsewhere (such as healthchecks.io) wait
for a sign of life:

\`\`\`yaml
notify:
  routes:
    default:
      heartbeat:
        urlSecretRef: {name: holdfast-heartbeat, key: url}   # https://hc-ping.com/…/{namespace}-{policy}
        method: POST
        fail: true            # failed runs are told, too, at the URL with /fail after its path
\`\`\`

\`{namespace}\` and \`{policy}\` are replaced. The URL is asked once for each Backup of all components that ended Complete, which means sealed and read back, and for nothing else. It is a secret: it
stands in no log and no status. Set the watcher's period to that of \`spec.schedules.full\`, and its grace to what a run takes. A success that could not be told within six hours is left out: it
would look like a new one.

## Metrics

\`/metrics\` on the operator's port \`health\`. Each replica tells of itself; what is known of policies comes from the leader only. The figures are read from the status of the policies at each scrape, so that a
restart loses none. What was never measured is absent, never 0. \`metrics.serviceMonitor.enabled\` and \`metrics.podMonitor.enabled\` make the resources of the Prometheus operator.

A rule that covers every cadence:

\`\`\`
time() - max by (namespace, policy, type) (holdfast_last_run_timestamp_seconds{outcome="Complete"})
  > 1.5 * max by (namespace, policy, type) (holdfast_schedule_expected_interval_seconds)
\`\`\`

## The alerts
`;

const section = ([name, { severity, title, action, meaning }]: [string, (typeof alerts)[keyof typeof alerts]]): string =>
  `### ${name}\n\n**${severity}**: ${title}\n\n- What to do: ${action}\n- When: ${meaning}`;

export const alertsDocs = (): string =>
  [
    intro.trimEnd(),
    table(
      ['Alert', 'Severity', 'What is wrong'],
      Object.entries(alerts).map(([name, { severity, title }]) => [`[${name}](#${name.toLowerCase()})`, severity, title]),
    ),
    'Begin with `kubectl holdfast status NAME -n NAMESPACE`. What only follows from another incident is not told: a store that cannot be read makes what could be lost unknown, and only the store is told. Not to know is no good news: an incident stays open until something shows its end.',
    ...Object.entries(alerts).map(section),
    '',
  ].join('\n\n');
