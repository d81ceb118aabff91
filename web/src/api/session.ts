import { queryOptions } from "@tanstack/react-query";
import { request } from "./client";

export interface Session {
  User?: string;
  Account?: string;
  Region?: string;
  SignedIn: boolean;
  NeedsPassword: boolean;
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => request<Session>("GET", "session", undefined, signal),
});

export const signInWithKey = (key: string) => request<unknown>("POST", "session", { Key: key });
export const signInWithPassword = (password: string) => request<unknown>("POST", "session", { Password: password });
export const choosePassword = (password: string) => request<unknown>("POST", "password", { Password: password });
export const signOut = () => request<unknown>("DELETE", "session");
