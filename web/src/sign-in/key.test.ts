import { expect, test } from "vitest";
import { takeKey } from "./key";

test.each([
  ["http://localhost:4566/_/?k=abc", "abc", "/_/"],
  ["http://localhost:4566/_/dashboards/flights-delays?k=a%2Bb&f=1#x", "a+b", "/_/dashboards/flights-delays?f=1#x"],
  ["http://localhost:4566/_/data", undefined, "/_/data"],
])("%s", (address, key, rest) => {
  expect(takeKey(address)).toEqual({ key, rest });
});
