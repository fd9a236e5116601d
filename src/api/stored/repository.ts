// holdfast.json and writers/<epoch>.json: what a repository is, and who may write it.
import { z } from 'zod';

export const formatVersion = 1;

const stored = <S extends string>(schema: S) => ({
  schema: z.literal(schema),
  // The oldest reader that understands the document. A reader with a lower number must refuse it.
  minReader: z.int().min(1),
});

export const repositorySchema = z.object({
  ...stored('holdfast.dev/repository/v1'),
  formatVersion: z.int().min(1),
  // The same on every tier; every signed document repeats it.
  repositoryId: z.string().regex(/^[0-9a-f]{32}$/),
  createdTime: z.string(),
});
export type RepositoryDocument = z.output<typeof repositorySchema>;

export const writerSchema = z.object({
  ...stored('holdfast.dev/writer/v1'),
  repositoryId: z.string(),
  key: z.string(),
  epoch: z.int().min(1),
  clusterId: z.string().min(1),
  namespace: z.string().min(1),
  name: z.string().min(1),
  startTime: z.string(),
  // Of holdfast.json, which is not signed itself. Absent in documents of older releases.
  repositorySha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
export type WriterDocument = z.output<typeof writerSchema>;
