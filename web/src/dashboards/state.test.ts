import { expect, test } from "vitest";
import { readViewState } from "./state";

test("what was set comes back", () => {
  const state = {
    sheet: "s1",
    f: { carrier: { Values: ["UA"] }, dates: { From: "2013-01-01", To: "2013-02-01" }, origin: { Values: null } },
    s: [{ visualId: "bar", targets: undefined, columns: [{ fieldId: "f", column: "airline", dataSet: "delays", values: ["Frontier", null, 3], labels: ["Frontier", "null", "3"] }] }],
  };
  expect(readViewState(state)).toEqual(state);
});

test.each([
  {}, { f: "x" }, { f: { a: 1, b: { Values: 2 } } }, { s: 1 }, { s: [null, {}, { visualId: "v", columns: [{}] }] }, { sheet: 1 },
])("%j is nothing", (search) => {
  expect(readViewState(search)).toEqual({});
});
