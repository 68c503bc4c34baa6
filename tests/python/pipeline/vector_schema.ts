// Vector's schema lets no option be that it does not name; @schemastore/vector's types let any.
import type { HttpsJsonSchemastoreOrgVectorJson } from "@schemastore/vector";

type Named<T> = { [K in keyof T as string extends K ? never : K]: Known<T[K]> };
type Known<T> = T extends readonly (infer Item)[]
  ? Known<Item>[]
  : T extends object
    ? keyof Named<T> extends never
      ? { [K in keyof T]: Known<T[K]> } // names that a user gives, such as those of sinks
      : Named<T>
    : T;

export type Vector = Known<HttpsJsonSchemastoreOrgVectorJson>;
