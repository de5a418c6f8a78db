// Does the document follow the specification of OpenAPI 3.1?
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { Validator } from "@seriousme/openapi-schema-validator";

const validator = new Validator();
const result = await validator.validate(JSON.parse(await readFile(process.argv[2], "utf8")));
assert.ok(result.valid, JSON.stringify(result.errors, null, 1)?.slice(0, 5000));
assert.equal(validator.version, "3.1");
