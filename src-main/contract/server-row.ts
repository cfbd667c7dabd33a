/** A row as a Prefect server sent it: its exact text, which the archive keeps, and the same text parsed, which the columns come from. */
export type ServerRow = { json: string; value: Record<string, unknown> };
