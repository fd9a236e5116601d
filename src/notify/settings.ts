// What the operator is told about mail and heartbeats, in a mounted file. Secrets stand in files of their own, which it names.
import { z } from 'zod';

const address = z
  .string()
  .max(254)
  .regex(/^[^\s<>@,;:"]+@[^\s<>@,;:"]+$/, 'write a plain mail address, such as ops@example.org');

// `ops@example.org`, or `Holdfast <ops@example.org>`.
const sender = z
  .string()
  .max(320)
  .regex(
    /^([^<>@,;:"\r\n]+ )?<?[^\s<>@,;:"]+@[^\s<>@,;:"]+>?$/,
    'write a mail address, such as holdfast@example.org, or "Holdfast <holdfast@example.org>"',
  );

const file = z.string().min(1).max(4096);

const smtp = z.strictObject({
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535).default(587),
  // Never without TLS. StartTLS: the connection begins plain and must become TLS before anything is said. Implicit: TLS from the start.
  tls: z.enum(['StartTLS', 'Implicit']).default('StartTLS'),
  caFile: file.optional(),
  user: z.string().min(1).max(320).optional(),
  passwordFile: file.optional(),
  from: sender,
});

const route = z.strictObject({
  email: z.strictObject({ to: z.array(address).min(1).max(20) }).optional(),
  heartbeat: z
    .strictObject({
      // The file holds a URL; {namespace} and {policy} in it are replaced.
      urlFile: file,
      method: z.enum(['GET', 'POST']).default('POST'),
      // Failed runs are told, too: at the URL with /fail after it.
      fail: z.boolean().default(false),
    })
    .optional(),
});

const settingsSchema = z
  .strictObject({ smtp: smtp.optional(), routes: z.record(z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/), route) })
  .superRefine(({ smtp: server, routes }, context) => {
    const mailed = Object.entries(routes).find(([, { email }]) => email !== undefined);
    if (mailed !== undefined && server === undefined) {
      context.addIssue({ code: 'custom', path: ['smtp'], message: `is missing, but the route "${mailed[0]}" sends mail` });
    }
    if ((server?.user === undefined) !== (server?.passwordFile === undefined)) {
      context.addIssue({ code: 'custom', path: ['smtp'], message: 'user and passwordFile belong together' });
    }
  });

export type NotifySettings = z.output<typeof settingsSchema>;
export type SmtpSettings = NonNullable<NotifySettings['smtp']>;
export type Route = NotifySettings['routes'][string];

// Thrown where the settings cannot be used.
export class NotifySettingsError extends Error {
  readonly code = 'NotifySettingsInvalid';

  constructor(message: string) {
    super(`The settings of notifications cannot be used: ${message}. Mend \`notify\` in the values of the chart.`);
    this.name = 'NotifySettingsError';
  }
}

export const parseSettings = (value: unknown): NotifySettings => {
  const { data, error } = settingsSchema.safeParse(value);
  if (error !== undefined) {
    throw new NotifySettingsError(error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`).join('; '));
  }
  return data;
};
