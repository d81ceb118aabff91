import { expect, test } from "vitest";
import { parameterTexts, parameterValue, readFragment, readParameters, setParameter } from "./parameters";

const parameters = readParameters([
  { IntegerParameterDeclaration: { Name: "Late", ParameterValueType: "SINGLE_VALUED", DefaultValues: { StaticValues: [1500] } } },
  { StringParameterDeclaration: { Name: "Carrier", ParameterValueType: "MULTI_VALUED" } },
  { StringParameterDeclaration: { Name: "Word", ParameterValueType: "SINGLE_VALUED", ValueWhenUnset: { CustomValue: "any" } } },
  { DateTimeParameterDeclaration: { Name: "From", DefaultValues: { StaticValues: [1356998400] } } },
  { DateTimeParameterDeclaration: { Name: "To", DefaultValues: { RollingDate: { Expression: "now()" } } } },
]);

test("defaults are what the declarations say", () => {
  expect([...parameters.values()].map((p) => [p.name, p.type, p.multi, p.defaults])).toEqual([
    ["Late", "INTEGER", false, ["1500"]], ["Carrier", "STRING", true, []], ["Word", "STRING", false, ["any"]],
    ["From", "DATETIME", false, ["2013-01-01T00:00:00"]], ["To", "DATETIME", false, []],
  ]);
});

test("what equals the default is not kept", () => {
  const late = parameters.get("Late")!;
  const set = setParameter(late, {}, ["60"]);
  expect(set).toEqual({ Late: ["60"] });
  expect(parameterValue(late, set)).toEqual(["60"]);
  expect(setParameter(late, set, ["1500"])).toEqual({});
  expect(setParameter(late, set, [])).toEqual({ Late: [] });
});

test("texts are written for readers", () => {
  expect(parameterTexts(parameters, { Carrier: ["UA", "DL"] })).toEqual({ Late: "1,500", Carrier: "UA, DL", Word: "any", From: "Jan 1, 2013", To: "" });
});

test("links in QuickSight's form set parameters", () => {
  expect(readFragment("#p.Carrier=UA&p.Carrier=DL&p.Late=7&p.Late=8&p.Word=%5BALL%5D&p.No=1&x=2", parameters)).toEqual({ Carrier: ["UA", "DL"], Late: ["8"], Word: [] });
  expect(readFragment("", parameters)).toEqual({});
});
