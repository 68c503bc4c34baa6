/** The generated schemas, by a validator of JavaScript and by AsyncAPI's own schema. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";

import { Ajv } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";

import { Events, REGISTRY_VERSION } from "../src/index.js";
import { golden, PROJECT } from "./cases.js";

const addFormats = formats.default;

function read(path: string): any {
  return JSON.parse(readFileSync(new URL(path, PROJECT), "utf8"));
}

function validators(): Map<string, (line: unknown) => boolean> {
  const ajv = new Ajv2020({ allErrors: true });
  addFormats(ajv);
  return new Map(
    Object.values(Events).map((name) => [name, ajv.compile(read(`schemas/${name}.json`))]),
  );
}

test("each schema accepts its own example and no other event's", () => {
  const schemas = validators();
  for (const name of schemas.keys()) {
    const [example] = read(`schemas/${name}.json`).examples;
    const accepting = [...schemas].filter(([, accepts]) => accepts(example)).map(([own]) => own);
    assert.deepEqual(accepting, [name]);
  }
});

test("of the golden lines the schemas accept those that say they are valid", () => {
  const schemas = validators();
  const judged = { true: 0, false: 0 };
  for (const one of golden().cases) {
    for (const text of one.lines ?? []) {
      const line = JSON.parse(text.replace("REGISTRY_VERSION", REGISTRY_VERSION));
      const accepts = schemas.get(line.evt.name) ?? (() => false);
      assert.equal(accepts(line), line.evt.valid, `${one.name}: ${text}`);
      judged[`${line.evt.valid as boolean}`]++;
    }
  }
  assert.ok(judged.true > 20 && judged.false > 10);
});

test("the AsyncAPI document fits AsyncAPI's own schema, and a broken one does not", () => {
  const schema = createRequire(import.meta.url)("@asyncapi/specs/schemas/3.1.0.json");
  // It brings JSON Schema's own schema along, which Ajv would otherwise have twice.
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false });
  addFormats(ajv);
  const validate = ajv.compile(schema);
  const accepts = (document: any): boolean => validate(document);
  const document = read("schemas/asyncapi.json");
  assert.ok(accepts(document), JSON.stringify(validate.errors, null, 1));
  assert.equal(document.asyncapi, "3.1.0");
  assert.deepEqual(Object.keys(document.components.messages), Object.values(Events));

  const [first] = Object.keys(document.components.messages);
  const broken: ((document: any) => void)[] = [
    (it) => delete it.info.version,
    (it) => (it.operations.logEvent.action = "log"),
    (it) => (it.components.messages[first as string].payload = { type: "line" }),
    (it) => (it.channels.events.adress = "x"),
  ];
  for (const breaks of broken) {
    const other: any = structuredClone(document);
    breaks(other);
    assert.equal(accepts(other), false, String(breaks));
  }
});

test("every reference in the AsyncAPI document leads to where it should", () => {
  const document = read("schemas/asyncapi.json");
  const references = JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g);
  const found = [...references].map(([, path]) =>
    (path as string).split("/").reduce((at, key) => at?.[key], document),
  );
  assert.ok(found.length > 46);
  assert.ok(found.every(Boolean));
  for (const [name, message] of Object.entries<any>(document.components.messages)) {
    const schema = read(`schemas/${message.payload.$ref}`);
    assert.equal(schema.properties.evt.properties.name.const, name);
  }
});
